/** Where columns stand and how they are called. */

import { column, type Column } from '../lib/columns'
import { RUNS } from './sources'

/** A column as the table draws it. */
export interface Drawn extends Column {
  title: string
  /** pixels from the left edge of the first column */
  left: number
  width: number
  pinned: boolean
  /** numbers stand at the right */
  right: boolean
}

export interface Layout {
  pinned: readonly Drawn[]
  /** the others, which scroll */
  loose: readonly Drawn[]
  pinnedWidth: number
  width: number
}

/** Checkbox and eye, in front of every row. */
export const LEAD = 58
export const NARROWEST = 48
export const WIDEST = 1200
export const NAME = 'attributes.run_name'

const ATTRIBUTES: Readonly<Record<string, readonly [title: string, width: number]>> = {
  run_name: ['Name', 240],
  status: ['Status', 104],
  start_time: ['Created', 112],
  end_time: ['Ended', 112],
  duration: ['Duration', 96],
  user_id: ['User', 96],
  experiment_id: ['Experiment', 160],
  lifecycle_stage: ['Lifecycle', 96],
  artifact_uri: ['Artifact location', 220],
  run_id: ['Run id', 260],
}
const SPECIAL: Readonly<Record<string, readonly [title: string, width: number]>> = {
  children: ['Children', 84],
  datasets: ['Data sets', 180],
  models: ['Models', 150],
  [RUNS]: ['Runs', 80],
}
const TAGS: Readonly<Record<string, string>> = {
  'mlflow.source.name': 'Source',
  'mlflow.source.git.commit': 'Commit',
  'mlflow.note.content': 'Description',
  'mlflow.user': 'User (tag)',
  'mlflow.parentRunId': 'Parent run',
}

/** What a column is called in its head. */
export function titleOf({ kind, key, function: of }: Column): string {
  if (kind === 'attributes') return ATTRIBUTES[key]?.[0] ?? key
  if (kind === 'special') return SPECIAL[key]?.[0] ?? key
  if (kind === 'tags') return TAGS[key] ?? key
  return of && of !== 'last' ? `${of} ${key}` : key
}

function usualWidth({ kind, key }: Column, title: string, grouped: boolean): number {
  if (kind === 'attributes') {
    // groups are called by all that they are grouped by
    return key === 'run_name' && grouped ? 340 : (ATTRIBUTES[key]?.[1] ?? 120)
  }
  if (kind === 'special') return SPECIAL[key]?.[1] ?? 120
  // the name in the head must fit, with room for the arrow of the order
  const fitting = Math.min(220, Math.round(title.length * 7.2 + 40))
  // groups show mean ± spread
  return Math.max(grouped && kind !== 'tags' ? 150 : kind === 'tags' ? 120 : 116, fitting)
}

/** Titles of columns; where a metric and a param share one, each says what it is. */
function titlesOf(names: readonly string[]): string[] {
  const columns = names.map(column)
  const titles = columns.map(titleOf)
  return titles.map((title, at) =>
    titles.indexOf(title) === at && titles.lastIndexOf(title) === at
      ? title
      : `${title} (${columns[at]!.kind.replace(/s$/, '')})`,
  )
}

/** Lay columns out from left to right, the pinned ones first. */
export function layOut(
  names: readonly string[],
  pinned: readonly string[],
  widths: Readonly<Record<string, number>>,
): Layout {
  const isPinned = (name: string) => name === NAME || pinned.includes(name)
  const ordered = [...names.filter(isPinned), ...names.filter((name) => !isPinned(name))]
  const titles = titlesOf(ordered)
  let left = 0
  const drawn = ordered.map((name, at): Drawn => {
    const meaning = column(name)
    const title = titles[at]!
    const width = clampWidth(widths[name] ?? usualWidth(meaning, title, names.includes(RUNS)))
    const each = {
      ...meaning,
      title,
      left,
      width,
      pinned: isPinned(name),
      right: meaning.kind === 'metrics' || ['children', RUNS, 'attributes.duration'].includes(name),
    }
    left += width
    return each
  })
  const first = drawn.filter((each) => each.pinned)
  return {
    pinned: first,
    loose: drawn.slice(first.length),
    pinnedWidth: first.reduce((sum, each) => sum + each.width, 0),
    width: left,
  }
}

export function clampWidth(width: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)))
}

/** The loose columns between two edges, in pixels from the first column's left. */
export function between(layout: Layout, from: number, to: number): readonly [number, number] {
  const { loose } = layout
  let first = 0
  while (first < loose.length && loose[first]!.left + loose[first]!.width <= from) first++
  let last = first
  while (last < loose.length && loose[last]!.left < to) last++
  return [first, last]
}

/** A list with one item moved to another place. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const list = [...items]
  const [item] = list.splice(from, 1)
  if (item !== undefined) list.splice(Math.max(0, Math.min(list.length, to)), 0, item)
  return list
}

const FIRST = [NAME, 'attributes.status', 'attributes.start_time']
const ABOUT = ['attributes.duration', 'attributes.user_id', 'tags.`mlflow.source.name`']

/**
 * The columns that a table has until others are chosen. Where there is little room results come
 * before the rest, as they do for groups, which have nothing else; one of several experiments says
 * which.
 */
export function usualColumns(
  metrics: readonly string[],
  params: readonly string[],
  { narrow = false, several = false, group = [] as readonly string[] } = {},
): string[] {
  const own = (names: readonly string[]) =>
    names.filter((name) => !/[.`]`?system\//.test(name) && !group.includes(name))
  const results = [...own(metrics).slice(0, 8), ...own(params).slice(0, 8)]
  const first = several ? [...FIRST, 'attributes.experiment_id'] : FIRST
  if (group.length > 0) return [NAME, ...results, ...first.slice(1), ...ABOUT]
  return narrow ? [...first, ...results, ...ABOUT] : [...first, ...ABOUT, ...results]
}
