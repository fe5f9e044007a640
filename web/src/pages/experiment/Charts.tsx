import { useMemo } from 'preact/hooks'
import type { RunSource } from '../../api/runs'
import { ChartGrid } from '../../charts/ChartGrid'
import { isAll } from '../../lib/selection'
import type { ChangeView } from '../../state/useView'
import type { ChartRuns, View } from '../../state/view'
import { orderOf, RUNS } from '../../table/sources'
import { count } from '../../lib/format'
import { Segments } from '../../ui/Field'
import { Empty } from '../../ui/Notes'
import styles from './experiment.module.css'
import type { Table } from './useTable'

const CHOICES: readonly { value: ChartRuns; label: string }[] = [
  { value: 'visible', label: 'First 50' },
  { value: 'selected', label: 'Selected' },
  { value: 'matching', label: 'All matching' },
]
const VISIBLE = 50
const MOST = 10_000

/** The charts of the selected, the first, or all runs that match. */
export function Charts({
  experimentIds,
  view,
  change,
  table,
}: {
  experimentIds: string[]
  view: View
  change: ChangeView
  table: Table
}) {
  const source = useSource(experimentIds, view, table)
  return (
    <>
      <div class={styles.chartRuns}>
        <Segments
          label="Runs in charts"
          value={view.chartRuns}
          choices={CHOICES}
          onChoose={(chartRuns) => change({ chartRuns })}
        />
        {view.chartRuns === 'matching' && (table.rows.total ?? 0) > MOST && (
          <span class="quiet">the first {count(MOST)} of them</span>
        )}
      </div>
      {'ids' in source && source.ids.length === 0 ? (
        <Empty title="No runs are selected">
          <p>Tick runs in the table to see them here.</p>
        </Empty>
      ) : (
        <ChartGrid
          source={source}
          charts={view.charts}
          onCharts={(charts) => change({ charts })}
          by={{ group: view.chartGroup, colour: view.chartColour, dash: view.chartDash }}
          onBy={({ group, colour, dash }) =>
            change({ chartGroup: group, chartColour: colour, chartDash: dash })
          }
          hidden={hiddenOf(view)}
        />
      )}
    </>
  )
}

/** Of all that match, some may have lost their ticks. */
function hiddenOf({ chartRuns, selected, hidden }: View): readonly string[] {
  const left = chartRuns === 'selected' && isAll(selected) ? selected.slice(1) : []
  return left.length > 0 ? [...hidden, ...left] : hidden
}

function useSource(experimentIds: string[], view: View, table: Table): RunSource {
  const { filter, lifecycle, order } = table.question
  const { chartRuns, selected } = view
  return useMemo(() => {
    if (chartRuns === 'selected' && !isAll(selected)) return { experimentIds, ids: [...selected] }
    const most = chartRuns === 'visible' ? VISIBLE : MOST
    const ordered = orderOf(order).name === RUNS ? '' : order
    return { experimentIds, filter, lifecycle, order: ordered, most }
  }, [experimentIds, filter, lifecycle, order, chartRuns, selected])
}
