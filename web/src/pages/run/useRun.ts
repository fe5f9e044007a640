import { useQuery } from '@tanstack/react-query'
import { ask, real } from '../../api/client'
import { refresh, useAsk } from '../../api/query'
import type { Float } from '../../api/schema'
import { columnName, quoteText, type MetricFunction } from '../../lib/columns'
import { useLive } from '../../state/live'
import { usePrefs } from '../../state/prefs'
import { useMemo } from 'preact/hooks'
import { viewOf, type RunView } from './run'

/** A run, kept up to date while it runs. */
export function useRun(runId: string) {
  const { data, error, failureReason } = useAsk('runs/get', { run_id: runId })
  const run = useMemo(() => (data ? viewOf(data.run) : null), [data])
  const { live } = usePrefs()
  useLive(
    run ? [run.experimentId] : [],
    (ids) => {
      if (ids.includes(runId)) refresh('runs/get', 'runs/table', 'metrics/curves')
    },
    live && run !== null && run.running,
  )
  // it is said at once why nothing is shown; a server that is away is tried again meanwhile
  return { run, error: error ?? failureReason }
}

export type Summaries = ReadonlyMap<string, Partial<Record<MetricFunction, number | null>>>

/** What a table of runs is asked for at once. */
const MOST_COLUMNS = 1000

/** All that is summed up about metrics of a run, by metric. */
export function useSummaries(
  run: RunView,
  keys: readonly string[],
  functions: readonly MetricFunction[],
): { summaries: Summaries | null; failed: boolean } {
  const { data, isError } = useQuery<Summaries>({
    queryKey: ['runs/table', 'summaries', run.id, keys, functions],
    queryFn: ({ signal }) => fetchSummaries(run, keys, functions, signal),
    placeholderData: (before) => before,
    enabled: keys.length > 0,
  })
  return { summaries: data ?? null, failed: isError }
}

async function fetchSummaries(
  run: RunView,
  keys: readonly string[],
  functions: readonly MetricFunction[],
  signal: AbortSignal,
): Promise<Summaries> {
  const found = new Map<string, Partial<Record<MetricFunction, number | null>>>()
  const perQuestion = Math.floor(MOST_COLUMNS / functions.length)
  for (let start = 0; start < keys.length; start += perQuestion) {
    const asked = keys.slice(start, start + perQuestion)
    const names = asked.map((key) => functions.map((each) => columnName('metrics', key, each)))
    const { columns } = await ask(
      'runs/table',
      {
        experiment_ids: [run.experimentId],
        filter: `attributes.run_id = ${quoteText(run.id)}`,
        run_view_type: 'ALL',
        columns: names.flat(),
        max_results: 1,
      },
      signal,
    )
    for (const [index, key] of asked.entries()) {
      const values: Partial<Record<MetricFunction, number | null>> = {}
      for (const [place, each] of functions.entries()) {
        const value = columns[names[index]![place]!]?.[0] as Float | null | undefined
        values[each] = value === null || value === undefined ? null : real(value)
      }
      found.set(key, values)
    }
  }
  return found
}

/** How many runs name this one as their parent. */
export function useChildCount(run: RunView | null): number {
  const { data } = useAsk(
    'runs/table',
    {
      experiment_ids: run ? [run.experimentId] : [],
      filter: `attributes.run_id = ${quoteText(run?.id ?? '')}`,
      run_view_type: 'ALL',
      columns: ['children'],
      max_results: 1,
    },
    { enabled: run !== null },
  )
  return Number(data?.columns.children?.[0] ?? 0)
}
