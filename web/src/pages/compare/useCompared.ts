import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'preact/hooks'
import { ask } from '../../api/client'
import { useAsk } from '../../api/query'
import { fetchRuns, filterOf, useRuns, type Runs, type RunSource } from '../../api/runs'
import { columnName, type MetricFunction } from '../../lib/columns'
import { ABOUT_RUNS } from '../../lib/compare'

/** columns that one request may ask for */
const MOST_COLUMNS = 1000
const AT_ONCE = 6

export interface Compared {
  /** who they are; as soon as that is known */
  about: Runs | undefined
  /** all that they logged; null until it is here */
  values: Runs | null
  names: { metrics: string[]; params: string[]; tags: string[] } | null
  /** ids in the address that are no runs */
  missing: string[]
  experimentIds: string[]
  error: unknown
  again: () => void
}

/** Runs side by side: who they are and their names at first, then all values in one request. */
export function useCompared(
  ids: readonly string[],
  given: readonly string[],
  of: MetricFunction,
): Compared {
  const found = useExperiments(ids, given)
  const experimentIds = useMemo(
    () => (given.length > 0 ? [...given] : (found.data ?? [])),
    [given, found.data],
  )
  // the order of columns is the reader's; that of the question is not, so that moving asks nothing
  const sortedIds = useMemo(() => [...ids].sort(), [ids])
  const source = useMemo<RunSource>(
    () => ({ experimentIds, ids: sortedIds }),
    [experimentIds, sortedIds],
  )
  const enabled = experimentIds.length > 0 && ids.length > 0
  const about = useRuns(source, ABOUT_RUNS, { enabled })
  const columns = useAsk(
    'runs/columns',
    { experiment_ids: experimentIds, filter: filterOf(sortedIds), run_view_type: 'ALL' },
    { keep: true, enabled },
  )
  const names = columns.data ?? null
  const values = useQuery<Runs>({
    queryKey: ['runs/table', 'compare', source, of, names],
    queryFn: ({ signal }) => fetchAll(source, namesOfColumns(names!, of), signal),
    placeholderData: (before) => before,
    enabled: enabled && names !== null,
  })
  return useMemo(() => {
    const present = new Set(about.data?.ids)
    const order = ids.filter((id) => present.has(id))
    return {
      about: about.data && inOrder(about.data, order),
      values: values.data && about.data ? inOrder(merged(about.data, values.data), order) : null,
      names,
      missing: about.data && !about.isPlaceholderData ? ids.filter((id) => !present.has(id)) : [],
      experimentIds,
      error: found.error ?? about.error ?? columns.error ?? values.error,
      again: () => {
        for (const each of [found, about, columns, values]) if (each.error) void each.refetch()
      },
    }
  }, [about, columns, values, found, ids, names, experimentIds])
}

/** The experiments of runs, for links that do not name them. */
function useExperiments(ids: readonly string[], given: readonly string[]) {
  return useQuery<string[]>({
    queryKey: ['runs/get', 'experiments', ids],
    queryFn: async ({ signal }) => {
      const found = new Set<string>()
      const left = [...ids]
      const some = async () => {
        for (let id = left.shift(); id; id = left.shift()) {
          const answer = await ask('runs/get', { run_id: id }, signal).catch(() => null)
          if (answer) found.add(answer.run.info.experiment_id)
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, some))
      return [...found].sort()
    },
    enabled: given.length === 0 && ids.length > 0,
    staleTime: Infinity,
  })
}

function namesOfColumns(names: NonNullable<Compared['names']>, of: MetricFunction): string[] {
  return [
    ...names.params.map((key) => columnName('params', key)),
    ...names.metrics.map((key) => columnName('metrics', key, of)),
    ...names.tags.map((key) => columnName('tags', key)),
  ]
}

async function fetchAll(
  source: RunSource,
  columns: readonly string[],
  signal: AbortSignal,
): Promise<Runs> {
  const pages: Promise<Runs>[] = []
  for (let start = 0; start < Math.max(1, columns.length); start += MOST_COLUMNS) {
    pages.push(fetchRuns(source, columns.slice(start, start + MOST_COLUMNS), signal))
  }
  const all = await Promise.all(pages)
  return { ...all[0]!, columns: Object.assign({}, ...all.map((page) => page.columns)) }
}

function merged(about: Runs, values: Runs): Runs {
  const own = inOrder(values, about.ids)
  return { ...about, columns: { ...about.columns, ...own.columns } }
}

/** The same runs in another order; those that are not there have no values. */
export function inOrder(runs: Runs, ids: readonly string[]): Runs {
  const places = new Map(runs.ids.map((id, index) => [id, index]))
  const columns: Runs['columns'] = {}
  for (const [name, values] of Object.entries(runs.columns)) {
    columns[name] = ids.map((id) => {
      const place = places.get(id)
      return place === undefined ? null : values[place]
    })
  }
  return { ids: [...ids], columns, total: ids.length }
}
