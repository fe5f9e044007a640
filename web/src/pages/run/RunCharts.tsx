import { useMemo } from 'preact/hooks'
import type { RunSource } from '../../api/runs'
import { ChartGrid } from '../../charts/ChartGrid'
import { setParams, useAddress } from '../../state/address'
import { decodeView, encodeView, type ChartSpec } from '../../state/view'
import { Empty } from '../../ui/Notes'
import { LinkButton } from '../../ui/Button'
import { paths } from '../../paths'
import { curvesFirst } from './curves'
import type { RunView } from './run'
import { pythonText } from './source'

function Grid({ run, usual }: { run: RunView; usual: ChartSpec[] | null }) {
  const { params } = useAddress()
  const view = useMemo(() => decodeView(params), [params])
  const source = useMemo<RunSource>(
    () => ({ experimentIds: [run.experimentId], ids: [run.id] }),
    [run.experimentId, run.id],
  )
  return (
    <ChartGrid
      source={source}
      charts={view.charts ?? usual}
      onCharts={(charts) => setParams(encodeView({ charts }))}
      by={{ group: view.chartGroup, colour: view.chartColour, dash: view.chartDash }}
      onBy={(by) =>
        setParams(encodeView({ chartGroup: by.group, chartColour: by.colour, chartDash: by.dash }))
      }
    />
  )
}

/** The curves of a run. */
export function RunCharts({ run }: { run: RunView }) {
  const { params } = useAddress()
  const { metrics } = run.message.data
  const usual = useMemo(() => curvesFirst(metrics ?? []), [metrics])
  if (!metrics?.length) {
    return (
      <Empty
        title="No metrics yet"
        snippet={`with mlflow.start_run(run_id=${pythonText(run.id)}):\n    mlflow.log_metric("loss", 0.25, step=1)`}
      >
        <p>Curves appear as soon as a metric is logged.</p>
      </Empty>
    )
  }
  return (
    <>
      {params.has('charts') && (
        <div>
          <LinkButton small href={paths.run(run.experimentId, run.id, 'charts')}>
            Show all metrics
          </LinkButton>
        </div>
      )}
      {usual && !params.has('charts') && (
        <p class="quiet">
          These are the metrics with curves. Those with a single value are in the{' '}
          <a href={paths.run(run.experimentId, run.id)}>overview</a>.
        </p>
      )}
      <Grid run={run} usual={usual} />
    </>
  )
}

/** What the machine did meanwhile: a chart for each metric of the system, by the time of day. */
export function SystemCharts({ run }: { run: RunView }) {
  const keys = (run.message.data.metrics ?? [])
    .map((metric) => metric.key)
    .filter((key) => key.startsWith('system/'))
    .sort()
    .join('\n')
  const usual = useMemo<ChartSpec[]>(
    () =>
      keys
        .split('\n')
        .filter(Boolean)
        .map((key) => ({
          id: key,
          kind: 'line',
          title: key.replace('system/', '').replaceAll('_', ' '),
          options: { metrics: [key], x: 'time' },
        })),
    [keys],
  )
  if (usual.length === 0) {
    return (
      <Empty
        title="No system metrics"
        snippet={'mlflow.enable_system_metrics_logging()\n\nwith mlflow.start_run():\n    ...'}
      >
        <p>Processor, memory, disk, network and graphics cards can be watched while a run runs.</p>
      </Empty>
    )
  }
  return <Grid run={run} usual={usual} />
}
