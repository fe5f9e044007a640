import type { ChartSpec } from '../../state/view'
import type { Common, Names } from '../types'
import { firstOptions } from './first'
import type { Band } from './lines'
import { choiceIn, flagIn, numberIn, textIn, textsIn, unusual } from './read'

/**
 * Which charts the grid shows. A list of charts may hold one of the kind `all`: what holds for all
 * charts, and that the grid's own choice follows the others, so that new metrics appear by
 * themselves and an address need not spell what is only looked at. A chart with the id of one of the
 * own choice stands in its place.
 */

const ALL = 'all'

export interface All extends Common {
  /** whether the grid's own charts follow */
  own: boolean
  /** own charts that were removed */
  without: string[]
  /** ids of charts that come first, in this order */
  order: string[]
  /** words that tell which charts are shown */
  find: string
}

const USUAL: All = {
  x: 'step',
  smoothing: 0,
  band: 'std',
  own: false,
  without: [],
  order: [],
  find: '',
}

/** What holds for all charts. */
export function readAll(charts: readonly ChartSpec[] | null): All {
  if (charts === null) return { ...USUAL, own: true }
  const given = charts.find((chart) => chart.kind === ALL)?.options ?? {}
  return {
    x: textIn(given, 'x', USUAL.x) || USUAL.x,
    smoothing: Math.min(0.999, Math.max(0, numberIn(given, 'smoothing', USUAL.smoothing))),
    band: choiceIn<Band>(given, 'band', ['std', 'range', 'none'], USUAL.band),
    own: flagIn(given, 'own', USUAL.own),
    without: textsIn(given, 'without'),
    order: textsIn(given, 'order'),
    find: textIn(given, 'find'),
  }
}

/** The list with other settings; null when that is the grid's own choice and nothing else. */
export function writeAll(
  charts: readonly ChartSpec[] | null,
  changes: Partial<All>,
): ChartSpec[] | null {
  const all = { ...readAll(charts), ...changes }
  const rest = (charts ?? []).filter((chart) => chart.kind !== ALL)
  const options = unusual(all, USUAL)
  if (rest.length === 0 && Object.keys(options).length === 1 && all.own) return null
  return Object.keys(options).length ? [...rest, { id: ALL, kind: ALL, options }] : rest
}

export interface Placed {
  spec: ChartSpec
  /** the grid's own choice, not the user's */
  own: boolean
}

/** The charts to show, in order. */
export function arranged(charts: readonly ChartSpec[] | null, own: readonly ChartSpec[]): Placed[] {
  const all = readAll(charts)
  const chosen = (charts ?? []).filter((chart) => chart.kind !== ALL)
  return inOrder(
    all.own ? withOwn(chosen, own, new Set(all.without)) : chosen.map(asChosen),
    all.order,
  )
}

function asChosen(spec: ChartSpec): Placed {
  return { spec, own: false }
}

function withOwn(
  chosen: readonly ChartSpec[],
  own: readonly ChartSpec[],
  without: ReadonlySet<string>,
): Placed[] {
  const replaced = new Map(chosen.map((spec) => [spec.id, spec]))
  const ids = new Set(own.map((spec) => spec.id))
  return [
    ...chosen.filter((spec) => !ids.has(spec.id)).map(asChosen),
    ...own
      .filter((spec) => !without.has(spec.id))
      .map((spec) => ({ spec: replaced.get(spec.id) ?? spec, own: true })),
  ]
}

function inOrder(charts: Placed[], order: readonly string[]): Placed[] {
  const rank = new Map(order.map((id, place) => [id, place]))
  const of = ({ spec }: Placed) => rank.get(spec.id) ?? order.length
  return order.length ? charts.toSorted((a, b) => of(a) - of(b)) : charts
}

/** The list with a chart in place of the one with its id, or before the others. */
export function withChart(
  charts: readonly ChartSpec[] | null,
  spec: ChartSpec,
  after?: string,
): ChartSpec[] | null {
  const list = [...(writeAll(charts, {}) ?? [allSpec(readAll(charts))])]
  const place = list.findIndex((chart) => chart.id === spec.id)
  if (place >= 0) list[place] = spec
  else {
    const before = after === undefined ? -1 : list.findIndex((chart) => chart.id === after)
    list.splice(before < 0 ? 0 : before + 1, 0, spec)
  }
  return list
}

function allSpec(all: All): ChartSpec {
  return { id: ALL, kind: ALL, options: unusual(all, USUAL) }
}

/** The list with a changed chart; one that is as the grid would choose it needs no place in it. */
export function withChanged(
  charts: readonly ChartSpec[] | null,
  spec: ChartSpec,
  own: readonly ChartSpec[],
): ChartSpec[] | null {
  const usual = readAll(charts).own ? own.find((each) => each.id === spec.id) : undefined
  if (usual && same(usual, spec)) {
    return charts === null
      ? null
      : writeAll(
          charts.filter((chart) => chart.id !== spec.id),
          {},
        )
  }
  return withChart(charts, spec)
}

function same(one: ChartSpec, other: ChartSpec): boolean {
  const text = ({ kind, title = '', width = 1, options }: ChartSpec) =>
    JSON.stringify([kind, title, width, Object.entries(options).sort()])
  return text(one) === text(other)
}

/** The list without a chart. */
export function withoutChart(
  charts: readonly ChartSpec[] | null,
  { spec, own }: Placed,
): ChartSpec[] | null {
  const rest = (charts ?? []).filter((chart) => chart.id !== spec.id)
  const base = charts === null ? null : rest
  if (!own) return writeAll(base, {})
  return writeAll(base, { without: [...new Set([...readAll(charts).without, spec.id])] })
}

/** The list with one of the charts moved to the place of another. */
export function withMoved(
  charts: readonly ChartSpec[] | null,
  shown: readonly string[],
  id: string,
  to: number,
): ChartSpec[] | null {
  const from = shown.indexOf(id)
  // those behind stay as they come, and take no room in the address
  const first = moved(shown, from, to).slice(0, Math.max(from, to) + 1)
  const rest = readAll(charts).order.filter((each) => !shown.includes(each))
  return writeAll(charts, { order: [...rest, ...first] })
}

/** A list with one item moved to the place of another. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = [...list]
  const [item] = rest.splice(from, 1)
  if (item !== undefined) rest.splice(Math.max(0, Math.min(rest.length, to)), 0, item)
  return rest
}

/** The grid's own choice: a line chart for each metric; params against a metric where they vary. */
export function ownCharts(names: Names, varying: readonly string[], runs: number): ChartSpec[] {
  const lines = names.metrics.map((key): ChartSpec => ({
    id: `metric:${key}`,
    kind: 'line',
    options: { metrics: [key] },
  }))
  const plain = names.metrics.some((key) => !key.startsWith('system/'))
  if (varying.length < 2 || runs < 3 || !plain) return lines
  const options = firstOptions('parallel', names, varying)
  return [...lines, { id: 'own:parallel', kind: 'parallel', width: 3, options }]
}

export interface Section {
  name: string
  charts: Placed[]
}

function folderOf(key: string): string {
  const cut = key.indexOf('/')
  return cut > 0 ? key.slice(0, cut) : ''
}

/** Up to so many charts are looked over at once: folders would only tear them apart. */
const UNDIVIDED = 12
const SYSTEM = 'system'

/**
 * Charts by the folder of their metrics where there are many; what has none, or would be alone in its
 * folder, comes first, the system's last.
 */
export function sections(
  charts: readonly Placed[],
  shows: (spec: ChartSpec) => readonly string[],
): Section[] {
  const folders = charts.map(({ spec }) => {
    const found = new Set(spec.kind === 'line' ? shows(spec).map(folderOf) : [])
    return found.size === 1 ? [...found][0]! : ''
  })
  const many = new Map<string, number>()
  for (const name of folders) many.set(name, (many.get(name) ?? 0) + 1)
  const lines = charts.filter(({ spec }, at) => spec.kind === 'line' && folders[at] !== SYSTEM)
  const divided = lines.length > UNDIVIDED
  const found = new Map<string, Placed[]>()
  for (const [at, chart] of charts.entries()) {
    const folder = folders[at]!
    const name = folder === SYSTEM || (divided && many.get(folder)! > 1) ? folder : ''
    const list = found.get(name)
    if (list) list.push(chart)
    else found.set(name, [chart])
  }
  const rank = (name: string) => (name === '' ? 0 : name === SYSTEM ? 2 : 1)
  return [...found]
    .map(([name, list]) => ({ name, charts: list }))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.name.localeCompare(b.name, 'en'))
}

/** Charts that a search means: by title and by the names that they show. */
export function matches(text: string, names: readonly string[]): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const all = names.join(' ').toLowerCase()
  return words.every((word) => all.includes(word))
}
