import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { quoteText } from '../lib/columns'
import type { Lifecycle } from '../state/view'
import { ask, type Answer } from './client'
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
  const page = (question: object) =>
    ask(
      'runs/table',
      { experiment_ids: source.experimentIds, columns: [...columns], ...question },
      signal,
    )
  if ('ids' in source) {
    const parts = pagesOf(source.ids.length).map(({ offset, max_results }) =>
      page({
        filter: filterOf(source.ids.slice(offset, offset + max_results)),
        run_view_type: 'ALL',
        max_results,
      }),
    )
    const found = joined(await Promise.all(parts), columns)
    sortLike(found, source.ids)
    return found
  }
  const question = {
    filter: source.filter,
    order_by: source.order ? [source.order] : [],
    run_view_type: source.lifecycle,
  }
  // the first page says how many there are; the others are asked for at once
  const [first, ...others] = pagesOf(source.most)
  if (!first) return joined([], columns)
  const answer = await page({ ...question, ...first, count: true })
  const total = answer.total ?? 0
  const rest = others.filter(({ offset }) => offset < total)
  const answers = await Promise.all(rest.map((each) => page({ ...question, ...each })))
  return { ...joined([answer, ...answers], columns), total }
}

/** The pages that hold so many rows. */
function pagesOf(many: number): { offset: number; max_results: number }[] {
  return Array.from({ length: Math.ceil(many / PAGE) }, (_, index) => ({
    offset: index * PAGE,
    max_results: Math.min(PAGE, many - index * PAGE),
  }))
}

/** Pages as one; a run that moved from one to the next meanwhile is there once. */
function joined(pages: readonly Answer<'runs/table'>[], columns: readonly string[]): Runs {
  const found: Runs = { ids: [], columns: {}, total: 0 }
  for (const name of columns) found.columns[name] = []
  const known = new Set<string>()
  for (const page of pages) {
    for (const [row, id] of page.run_ids.entries()) {
      if (known.has(id)) continue
      known.add(id)
      found.ids.push(id)
      for (const name of columns) found.columns[name]!.push(page.columns[name]?.[row])
    }
  }
  found.total = found.ids.length
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
