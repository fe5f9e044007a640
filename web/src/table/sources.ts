import { ask } from '../api/client'
import type { GroupNumbers } from '../api/schema'
import { both } from '../lib/query'
import { column, quoteText } from '../lib/columns'
import type { Lifecycle } from '../state/view'
import { Level, type Fetch, type RowData } from './level'

/** What a table shows. */
export interface TableQuestion {
  experimentIds: string[]
  filter: string
  lifecycle: Lifecycle
  /** `metrics.loss DESC`, or empty */
  order: string
  /** columns whose values make groups; none for a table of runs */
  group: string[]
  /** children below their parents */
  tree: boolean
}

export const PARENT = 'tags.`mlflow.parentRunId`'
/** the number of runs of a group */
export const RUNS = 'runs'
const GROUP_COLUMNS = 100

/** What a group of runs has in a column of numbers. */
export interface Spread {
  mean: number | null
  std: number | null
  min: number | null
  max: number | null
  count: number
}

/** The filter that finds the runs of a group; its id holds the values of what it is grouped by. */
export function groupFilter(group: readonly string[], id: string): string {
  const values = JSON.parse(id) as (string | null)[]
  return group
    .map((name, index) => {
      const value = values[index]
      return value === null || value === undefined
        ? `${name} IS NULL`
        : `${name} = ${quoteText(value)}`
    })
    .join(' AND ')
}

/** Whether children stand below their parents only. A search finds them wherever they are. */
export function leavesChildren({ filter, tree, group }: TableQuestion): boolean {
  return tree && group.length === 0 && !filter
}

/** The filter of the runs that stand at the top. */
export function topFilter(question: TableQuestion): string {
  return leavesChildren(question) ? `${PARENT} IS NULL` : question.filter
}

const kept = new Map<string, Level>()
const MOST_KEPT = 24

/** The level of a key: the one there is, or a new one; those not used for long are let go. */
function keep(make: Level): Level {
  const level = kept.get(make.key) ?? make
  kept.delete(make.key)
  kept.set(make.key, level)
  for (const key of kept.keys()) {
    if (kept.size <= MOST_KEPT) break
    kept.delete(key)
  }
  return level
}

/** The rows at the top of a table. */
export function topLevel(question: TableQuestion): Level {
  if (question.group.length > 0) {
    const key = `groups ${JSON.stringify(question)}`
    return keep(new Level(key, fetchGroups(question), false, 'groups'))
  }
  return runsLevel(question, topFilter(question), true)
}

/** The rows below one: the children of a run, or the runs of a group. */
export function levelBelow(question: TableQuestion, parent: Level, id: string): Level {
  const filter =
    parent.kind === 'groups'
      ? both(question.filter, groupFilter(question.group, id))
      : `${PARENT} = ${quoteText(id)}`
  return runsLevel(question, filter, false)
}

function runsLevel(question: TableQuestion, filter: string, apart: boolean): Level {
  const { experimentIds, lifecycle } = question
  const order = orderOfRuns(question.order)
  const scope = `runs ${JSON.stringify([experimentIds, filter, lifecycle])}`
  const key = `${scope} ${order}`
  const fetch: Fetch = async ({ offset, limit, columns, count }, signal) => {
    const answer = await ask(
      'runs/table',
      {
        experiment_ids: experimentIds,
        filter,
        run_view_type: lifecycle,
        order_by: order ? [order] : [],
        columns: columns.filter((name) => name !== RUNS),
        offset,
        max_results: limit,
        count,
      },
      signal,
    )
    if (columns.includes(RUNS)) answer.columns[RUNS] = answer.run_ids.map(() => null)
    return { rows: rowsOf(answer.run_ids, answer.columns), total: answer.total }
  }
  return keep(new Level(key, fetch, apart, 'runs', scope))
}

/** Some runs by their ids, wherever they stand. */
export async function fetchRows(
  experimentIds: string[],
  ids: readonly string[],
  columns: readonly string[],
): Promise<RowData[]> {
  const answer = await ask('runs/table', {
    experiment_ids: experimentIds,
    filter: `attributes.run_id IN (${ids.map(quoteText).join(', ')})`,
    run_view_type: 'ALL',
    columns: columns.filter((name) => name !== RUNS),
    max_results: 1000,
  })
  return rowsOf(answer.run_ids, answer.columns)
}

/** Rows of what comes column by column. */
export function rowsOf(ids: readonly string[], columns: Record<string, unknown[]>): RowData[] {
  const names = Object.keys(columns)
  return ids.map((id, at) => {
    const cells: Record<string, unknown> = {}
    for (const name of names) cells[name] = columns[name]![at]
    return { id, cells }
  })
}

function fetchGroups(question: TableQuestion): Fetch {
  return async ({ offset, limit, columns }, signal) => {
    const numbers = columns.filter(hasNumbers(question.group)).slice(0, GROUP_COLUMNS)
    const answer = await ask(
      'runs/groups',
      {
        experiment_ids: question.experimentIds,
        filter: question.filter,
        run_view_type: question.lifecycle,
        group_by: question.group,
        columns: numbers,
        order_by: orderOfGroups(question, numbers),
        offset,
        max_results: limit,
      },
      signal,
    )
    const rows = answer.runs.map((runs, at) => {
      const values = question.group.map((name) => answer.groups[name]![at]!)
      const cells: Record<string, unknown> = Object.fromEntries(columns.map((name) => [name, null]))
      cells[RUNS] = runs
      for (const [index, name] of question.group.entries()) cells[name] = values[index]
      for (const name of numbers) cells[name] = spreadAt(answer.columns[name], at)
      return { id: JSON.stringify(values), cells }
    })
    return { rows, total: answer.total }
  }
}

/** Whether groups can say something about a column. */
export function hasNumbers(group: readonly string[]): (name: string) => boolean {
  return (name) => !group.includes(name) && ['metrics', 'params'].includes(column(name).kind)
}

function spreadAt(numbers: GroupNumbers | undefined, at: number): Spread | null {
  if (!numbers || !numbers.count[at]) return null
  const number = (values: readonly unknown[]) => {
    const value = values[at]
    return value === null || value === undefined ? null : Number(value)
  }
  return {
    mean: number(numbers.mean),
    std: number(numbers.std),
    min: number(numbers.min),
    max: number(numbers.max),
    count: numbers.count[at]!,
  }
}

/** The column of an order, and whether it descends. */
export function orderOf(order: string): { name: string; descending: boolean } {
  const name = order.replace(/\s+(?:ASC|DESC)$/i, '')
  return { name, descending: /\sDESC$/i.test(order) }
}

const UNSORTABLE = new Set(['children', 'datasets', 'models', RUNS])

/** Whether runs can be sorted by a column. */
export function isSortable(name: string): boolean {
  return !UNSORTABLE.has(name)
}

function orderOfRuns(order: string): string {
  return isSortable(orderOf(order).name) ? order : ''
}

function orderOfGroups({ order, group }: TableQuestion, numbers: readonly string[]): string[] {
  const { name } = orderOf(order)
  return name === RUNS || group.includes(name) || numbers.includes(name) ? [order] : []
}
