import { useMemo } from 'preact/hooks'
import { real } from '../../api/client'
import type { Metric } from '../../api/schema'
import type { MetricFunction } from '../../lib/columns'
import { count, metric as number } from '../../lib/format'
import { paths } from '../../paths'
import { CopyButton } from '../../ui/Copy'
import { Grid, type GridCell } from '../../ui/Grid'
import { Skeleton } from '../../ui/Notes'
import { byName, type Finder } from './find'
import { Panel, tableHeight } from './Panel'
import type { RunView } from './run'
import styles from './run.module.css'
import { useSummaries } from './useRun'
import { useWidth } from '../../charts/lib/useWidth'

/** Beside the last value, which comes with the run. */
const SUMMARIES = ['min', 'max', 'mean', 'first', 'count'] as const
const HEADS: readonly { name: MetricFunction | 'step'; label: string; width: number }[] = [
  { name: 'last', label: 'Last', width: 104 },
  { name: 'min', label: 'Min', width: 104 },
  { name: 'max', label: 'Max', width: 104 },
  { name: 'mean', label: 'Mean', width: 104 },
  { name: 'first', label: 'First', width: 104 },
  { name: 'count', label: 'Points', width: 84 },
  { name: 'step', label: 'Last step', width: 88 },
]
const WIDTHS = HEADS.map((head) => head.width)
const ALL_WIDTHS = WIDTHS.reduce((sum, width) => sum + width, 0)

/** The metrics of a run with all that is summed up about them. */
export function MetricsTable({
  run,
  metrics,
  finder,
}: {
  run: RunView
  metrics: readonly Metric[]
  finder: Finder
}) {
  const [box, width] = useWidth()
  const sorted = useMemo(() => [...metrics].sort((a, b) => byName(a.key, b.key)), [metrics])
  const named = sorted.map((each) => each.key).join('\n')
  const keys = useMemo(() => (named ? named.split('\n') : []), [named])
  const { summaries, failed } = useSummaries(run, keys, SUMMARIES)
  const shown = useMemo(
    () => sorted.filter(({ key, value }) => finder.fits(key, number(real(value)))),
    [sorted, finder],
  )
  const cell = (row: number, column: number): GridCell => {
    const { key, value, step } = shown[row]!
    const { name } = HEADS[column]!
    if (name === 'last') return numberCell(real(value))
    if (name === 'step') return { class: styles.numberCell, content: count(step) }
    const found = summaries?.get(key)
    if (!found && failed) return numberCell(null)
    if (!found) return { class: styles.numberCell, content: <Skeleton width={54} /> }
    if (name === 'count') {
      return { class: styles.numberCell, content: count(found.count ?? 0) }
    }
    return numberCell(found[name] ?? null)
  }
  const json = () =>
    JSON.stringify(
      Object.fromEntries(
        shown.map(({ key, value }) => [key, { last: value, ...summaries?.get(key) }]),
      ),
      null,
      2,
    )
  return (
    <Panel
      title="Metrics"
      shown={shown.length}
      all={metrics.length}
      actions={shown.length > 0 && <CopyButton text={json()} label="Copy metrics as JSON" />}
    >
      <div ref={box}>
        {shown.length === 0 ? (
          <p class={styles.none}>{metrics.length ? 'No metric fits.' : 'No metrics.'}</p>
        ) : (
          <div class={styles.table} style={{ height: tableHeight(shown.length) }}>
            <Grid
              label="Metrics"
              rows={shown.length}
              columns={WIDTHS}
              // the first column stays in sight, so it leaves room for the numbers beside it
              first={Math.round(Math.max(Math.min(220, width * 0.45), width - ALL_WIDTHS))}
              corner="Name"
              columnHead={(column) => ({
                content: HEADS[column]!.label,
                class: styles.numberCell,
              })}
              rowHead={(row) => ({
                content: (
                  <a class="ellipsis" href={chartLink(run, shown[row]!.key)}>
                    {shown[row]!.key}
                  </a>
                ),
                title: `${shown[row]!.key}: show its chart`,
              })}
              cell={cell}
            />
          </div>
        )}
      </div>
    </Panel>
  )
}

function chartLink(run: RunView, key: string): string {
  const charts = [{ id: key, kind: 'line', options: { metrics: [key] } }]
  return paths.run(run.experimentId, run.id, 'charts', { charts: JSON.stringify(charts) })
}

/** A value to six digits, and all of them on hovering. */
function numberCell(value: number | null): GridCell {
  return {
    class: styles.numberCell,
    content: value === null ? <span class="quiet">–</span> : number(value),
    title: value === null ? undefined : String(value),
  }
}
