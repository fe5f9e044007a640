import { useMemo } from 'preact/hooks'
import { useAsk } from '../api/query'
import { filterOf, useRuns, type RunSource } from '../api/runs'
import { columnName } from '../lib/columns'
import { usePrefs } from '../state/prefs'
import { varyingParams } from './lib/first'
import { byNature } from './lib/values'
import type { Names } from './types'

const MOST_IDS = 1000
const LOOK_AGAIN = 20_000

/** So many runs and params tell what varies. */
const RUNS_LOOKED_AT = 200
const PARAMS_LOOKED_AT = 60

/** The names of what runs logged, and the columns of params that vary among them. */
export function useNames(source: RunSource): {
  names: Names | null
  /** null while it is not known */
  varying: readonly string[] | null
  error: unknown
} {
  const about =
    'ids' in source
      ? { filter: filterOf(source.ids.slice(0, MOST_IDS)), run_view_type: 'ALL' }
      : // the same question as that of the table beside the charts
        { ...(source.filter && { filter: source.filter }), run_view_type: source.lifecycle }
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
        ? {
            metrics: used.data.metrics.toSorted(byNature),
            params: used.data.params.toSorted(byNature),
            tags: used.data.tags.toSorted(byNature),
          }
        : null,
    [used.data],
  )
  return { names, varying: useVarying(source, differing), error: used.error }
}

/** A param that only some runs have differs, and need not vary. */
function useVarying(
  source: RunSource,
  differing: { data?: { params: string[] } | undefined; error: unknown },
): readonly string[] | null {
  const columns = useMemo(
    () =>
      (differing.data?.params ?? [])
        .slice(0, PARAMS_LOOKED_AT)
        .map((key) => columnName('params', key)),
    [differing.data],
  )
  const { data, error } = useRuns(first(source), columns, { enabled: columns.length > 0 })
  return useMemo(() => {
    // own charts do not wait for what may be slow, nor fail with it
    if (differing.error || error || (differing.data && columns.length === 0)) return []
    if (!data || columns.some((name) => !data.columns[name])) return null
    return varyingParams(Object.fromEntries(columns.map((name) => [name, data.columns[name]!])))
  }, [data, error, columns, differing.data, differing.error])
}

function first(source: RunSource): RunSource {
  return 'ids' in source
    ? { ...source, ids: source.ids.slice(0, RUNS_LOOKED_AT) }
    : { ...source, most: Math.min(source.most, RUNS_LOOKED_AT) }
}
