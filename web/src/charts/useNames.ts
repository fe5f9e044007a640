import { useMemo } from 'preact/hooks'
import { useAsk } from '../api/query'
import { filterOf, type RunSource } from '../api/runs'
import { usePrefs } from '../state/prefs'
import type { Names } from './types'

const MOST_IDS = 1000
const LOOK_AGAIN = 20_000

/** The names of what runs logged, and the params that are not the same in all of them. */
export function useNames(source: RunSource): {
  names: Names | null
  varying: readonly string[] | null
  error: unknown
} {
  const about =
    'ids' in source
      ? { filter: filterOf(source.ids.slice(0, MOST_IDS)), run_view_type: 'ALL' }
      : { filter: source.filter, run_view_type: source.lifecycle }
  const question = { experiment_ids: source.experimentIds, ...about }
  const enabled = !('ids' in source) || source.ids.length > 0
  const { live } = usePrefs()
  // runs that train may log new metrics, which nothing announces
  const refetchInterval = live ? LOOK_AGAIN : false
  const used = useAsk('runs/columns', question, { keep: true, enabled, refetchInterval })
  const differing = useAsk(
    'runs/columns',
    { ...question, differing: true },
    { keep: true, enabled },
  )
  const names = useMemo(
    () =>
      used.data
        ? { metrics: used.data.metrics, params: used.data.params, tags: used.data.tags }
        : null,
    [used.data],
  )
  return {
    names,
    // own charts do not wait for what may be slow, nor fail with it
    varying: differing.data ? differing.data.params : differing.error ? [] : null,
    error: used.error,
  }
}
