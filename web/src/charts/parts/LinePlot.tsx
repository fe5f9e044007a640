import { useMemo } from 'preact/hooks'
import { columnName } from '../../lib/columns'
import { Button } from '../../ui/Button'
import { pointsFor, runLimit, useCurves, type Curves } from '../lib/curves'
import { groupLines, runLines, type Line } from '../lib/lines'
import type { LineOptions } from '../line'
import type { PlotProps } from '../types'
import { BarPlot } from './BarPlot'
import { Lines } from './Lines'
import { State } from './State'

type Props = PlotProps<LineOptions>

/** Metrics over steps or time. */
export function LinePlot(props: Props) {
  const { options, height } = props
  const { lines, answer, x } = useLines(props)
  if (options.metrics.length === 0) {
    return <State height={height}>Choose the metrics of this chart.</State>
  }
  if (!answer.data) return <State height={height} error={answer.error} waiting={!answer.error} />
  if (lines.length === 0) {
    return (
      <State height={height}>
        {options.xRange ? (
          <>
            <p>No points in this range.</p>
            <Button small onClick={() => props.onChange({ xRange: null, yRange: null })}>
              Show all
            </Button>
          </>
        ) : (
          `None of these runs has ${options.metrics.join(', ')}.`
        )}
      </State>
    )
  }
  if (lines.every((line) => line.y.every(Number.isNaN))) {
    return (
      <State height={height}>
        Nothing here can be drawn: all values are NaN
        {options.logY && ', or not positive, which a log axis cannot show'}.
      </State>
    )
  }
  // one value per run: a line would be a heap of dots on each other
  const [key] = options.metrics
  if (
    !options.xRange &&
    options.metrics.length === 1 &&
    lines.every((line) => line.count === line.runs)
  ) {
    return (
      <BarPlot
        {...props}
        options={{
          column: columnName('metrics', key!),
          most: 50,
          lowest: false,
          logY: options.logY,
        }}
        onChange={() => {}}
      />
    )
  }
  return (
    <Lines
      {...props}
      lines={lines}
      x={x}
      waiting={answer.isFetching}
      left={props.runs.length - runLimit(options.metrics.length)}
    />
  )
}

/** What is asked for, and the lines of the answer. */
function useLines({ options, common, runs, width }: Props) {
  const x = options.x || common.x
  const smoothing = Math.min(0.999, options.smoothing ?? common.smoothing)
  const grouped = runs.some((run) => run.group !== null)
  const some = useMemo(
    () => runs.slice(0, runLimit(options.metrics.length)),
    [runs, options.metrics.length],
  )
  const ids = useMemo(() => some.map((run) => run.id), [some])
  const points = pointsFor(grouped ? width / 2 : width, ids.length * options.metrics.length)
  const answer = useCurves(
    {
      run_ids: ids,
      metric_keys: options.metrics,
      x,
      points,
      ...(options.xRange && { start: options.xRange[0], end: options.xRange[1] }),
      ...(options.logX && { log_x: true }),
      ...(smoothing > 0 && { smoothing }),
      ...(grouped && { grid: true }),
    },
    { enabled: ids.length > 0 && options.metrics.length > 0 },
  )
  const band = options.band || common.band
  const lines = useMemo(
    () => linesOf(answer.data, some, { ...options, band }),
    [answer.data, some, options, band],
  )
  return { lines, answer, x }
}

function linesOf(
  data: Curves | undefined,
  runs: Props['runs'],
  choice: Parameters<typeof groupLines>[3],
): Line[] {
  if (!data) return []
  if (data.grid) return groupLines(data.curves, data.grid, runs, choice)
  return runLines(data.curves, runs, choice)
}
