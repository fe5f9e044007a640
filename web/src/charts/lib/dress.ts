import type { Runs } from '../../api/runs'
import { colourOf, colours, DASHES } from '../../lib/colour'
import { runName } from '../../lib/format'
import type { ChartRun } from '../types'
import { labelOf, shown, valuesOf, type Values } from './values'
import { shadingOf, type Shading } from './shade'

/** Columns that decide how runs look; empty for none. */
export interface By {
  group: string
  colour: string
  dash: string
}

export interface LookEntry {
  label: string
  colour: string
  dash: readonly number[]
}

/** Runs as charts show them, and what their colours and dashes mean. */
export interface Dressed {
  runs: ChartRun[]
  /** by value of the column that decides colours or dashes */
  key: { title: string; entries: LookEntry[]; values: Values | null }[]
}

const ALWAYS = ['attributes.run_name', 'attributes.experiment_id', 'attributes.start_time']
const INK = 'currentColor'
/** more different numbers than this are a scale, not a list */
const MOST_COLOURS = 12

/** The columns that `dressed` needs. */
export function dressColumns({ group, colour, dash }: By): string[] {
  return [...new Set([...ALWAYS, ...[group, colour, dash].filter(Boolean)])]
}

/** Give each run its name, group, colour and dash. Hidden runs keep theirs for when they return. */
export function dressed(found: Runs, by: By, hidden: ReadonlySet<string>): Dressed {
  // whatever their order is, runs keep their colours
  const own = colours(found.ids.toSorted())
  const column = (name: string) => (name ? valuesOf(name, found.columns[name] ?? []) : null)
  const group = column(by.group)
  const colour = shared(column(by.colour), group)
  const dash = shared(column(by.dash), group)
  const scale = colour && isScale(colour) ? shadingOf(colour) : null
  const groups = new Map<string, ChartRun>()
  const key: Dressed['key'] = []
  const runs = found.ids.map((id, index): ChartRun => {
    const groupName = group ? shown(group, index) || 'none' : null
    const run = {
      id,
      experimentId: String(found.columns['attributes.experiment_id']?.[index] ?? ''),
      name: runName(found.columns['attributes.run_name']?.[index], id),
      colour: colour ? colourOfValue(colour, index, scale) : groupName !== null ? '' : own.get(id)!,
      dash: dash ? dashOfValue(dash, index) : [],
      group: groupName === null ? null : `${labelOf(by.group)} = ${groupName}`,
      start: Number(found.columns['attributes.start_time']?.[index] ?? 0),
    }
    if (run.group !== null && !groups.has(run.group)) groups.set(run.group, run)
    return run
  })
  if (group && !colour) {
    const given = colours([...groups.keys()])
    for (const run of runs) run.colour = given.get(run.group!)!
  }
  if (colour) key.push(colourKey(colour, scale))
  if (dash) key.push({ title: dash.label, entries: dashEntries(dash), values: null })
  return { runs: runs.filter((run) => !hidden.has(run.id)), key }
}

function isScale({ numeric, numbers }: Values): boolean {
  return numeric && new Set(numbers).size > MOST_COLOURS
}

/** A column, unless its values differ within groups: then it says nothing of them. */
function shared(values: Values | null, group: Values | null): Values | null {
  if (!values || !group) return values
  const first = new Map<number, string>()
  for (const [index, place] of group.numbers.entries()) {
    const text = shown(values, index)
    if ((first.get(place) ?? text) !== text) return null
    first.set(place, text)
  }
  return values
}

function colourOfValue(values: Values, index: number, scale: Shading | null): string {
  if (scale) return scale.at(values.numbers[index]!)
  const place = ordered(values).indexOf(shown(values, index))
  return listed(values).get(place) ?? colourOf(shown(values, index))
}

const LISTED = new WeakMap<Values, { order: string[]; colours: Map<number, string> }>()

/** The different values in order, and a colour for each. */
function lookup(values: Values) {
  let found = LISTED.get(values)
  if (!found) {
    const order = values.numeric
      ? [...new Set(values.numbers)].sort((a, b) => a - b).map((number) => textAt(values, number))
      : ['', ...values.categories].filter((text, index, all) => all.indexOf(text) === index)
    const given = colours(order)
    found = { order, colours: new Map(order.map((text, index) => [index, given.get(text)!])) }
    LISTED.set(values, found)
  }
  return found
}

function textAt(values: Values, number: number): string {
  return shown(
    values,
    values.numbers.findIndex((each) => Object.is(each, number)),
  )
}

function ordered(values: Values): string[] {
  return lookup(values).order
}

function listed(values: Values): Map<number, string> {
  return lookup(values).colours
}

function dashOfValue(values: Values, index: number): readonly number[] {
  return DASHES[Math.max(0, ordered(values).indexOf(shown(values, index))) % DASHES.length]!
}

function present(values: Values): string[] {
  const texts = new Set(Array.from(values.numbers, (_, index) => shown(values, index)))
  return ordered(values).filter((text) => texts.has(text))
}

function colourKey(values: Values, scale: Shading | null): Dressed['key'][number] {
  const entries = scale
    ? []
    : present(values).map((text) => ({
        label: text || 'none',
        colour: listed(values).get(ordered(values).indexOf(text))!,
        dash: [],
      }))
  return { title: values.label, entries, values: scale && values }
}

function dashEntries(values: Values): LookEntry[] {
  return present(values).map((text) => ({
    label: text || 'none',
    colour: INK,
    dash: DASHES[Math.max(0, ordered(values).indexOf(text)) % DASHES.length]!,
  }))
}
