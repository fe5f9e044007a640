import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { quoteText } from '../lib/columns'
import type { Lifecycle } from '../state/view'
import { ask } from './client'
import type { ApiError } from './errors'

/** Which runs are meant: some by their ids, or those that a search finds. */
export type RunSource = { experimentIds: string[] } & (
  { ids: string[] } | { filter: string; order: string; lifecycle: Lifecycle; most: number }
)

/** What a run table says in one cell. */
export type Cell = unknown

/** Runs with some of their columns, column by column. */
export interface Runs {
  ids: string[]
  columns: Record<string, Cell[]>
  /** how many there are; more than `ids` when a search found more than were asked for */
  total: number
}

const PAGE = 1000

/** The filter that finds exactly these runs. */
export function filterOf(ids: readonly string[]): string {
  return `attributes.run_id IN (${ids.map(quoteText).join(', ')})`
}

/** Runs with some columns, fetched in as many pages as it takes. */
export async function fetchRuns(
  source: RunSource,
  columns: readonly string[],
  signal?: AbortSignal,
): Promise<Runs> {
  const found: Runs = { ids: [], columns: {}, total: 0 }
  for (const name of columns) found.columns[name] = []
  const add = async (question: object, count: boolean, most: number) => {
    const page = await ask(
      'runs/table',
      {
        experiment_ids: source.experimentIds,
        columns: [...columns],
        max_results: Math.min(PAGE, most),
        count,
        ...question,
      },
      signal,
    )
    for (const id of page.run_ids ?? []) found.ids.push(id)
    for (const name of columns) {
      for (const value of page.columns?.[name] ?? []) found.columns[name]!.push(value)
    }
    if (count) found.total = page.total ?? 0
    return page.run_ids?.length ?? 0
  }
  if ('ids' in source) {
    for (let start = 0; start < source.ids.length; start += PAGE) {
      const ids = source.ids.slice(start, start + PAGE)
      await add({ filter: filterOf(ids), run_view_type: 'ALL' }, false, PAGE)
    }
    sortLike(found, source.ids)
    found.total = found.ids.length
    return found
  }
  const question = {
    filter: source.filter,
    order_by: source.order ? [source.order] : [],
    run_view_type: source.lifecycle,
  }
  let more = true
  while (more && found.ids.length < source.most) {
    const offset = found.ids.length
    const got = await add({ ...question, offset }, offset === 0, source.most - offset)
    more = got > 0 && found.ids.length < found.total
  }
  return found
}

function sortLike(runs: Runs, ids: readonly string[]): void {
  const place = new Map(ids.map((id, index) => [id, index]))
  const order = runs.ids.map((_, index) => index)
  order.sort((a, b) => place.get(runs.ids[a]!)! - place.get(runs.ids[b]!)!)
  runs.ids = order.map((index) => runs.ids[index]!)
  for (const [name, values] of Object.entries(runs.columns)) {
    runs.columns[name] = order.map((index) => values[index])
  }
}

/** Runs with some columns; what is shown stays while a changed question is asked. */
export function useRuns(
  source: RunSource,
  columns: readonly string[],
  { enabled = true } = {},
): UseQueryResult<Runs, ApiError> {
  return useQuery<Runs, ApiError>({
    queryKey: ['runs/table', 'all', source, columns],
    queryFn: ({ signal }) => fetchRuns(source, columns, signal),
    placeholderData: (before) => before,
    enabled,
  })
}
