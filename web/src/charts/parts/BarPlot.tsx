import { useEffect, useMemo } from 'preact/hooks'
import { metric, plural } from '../../lib/format'
import type { BarOptions } from '../bar'
import { barsOf, type Bar } from '../lib/bars'
import { fitted, SMALL, type Pen } from '../lib/pen'
import { linearScale, logScale, padded, type Scale } from '../lib/scale'
import type { Mark, Scene } from '../lib/scene'
import type { Theme } from '../lib/theme'
import { labelOf } from '../lib/values'
import type { Picture, PlotProps } from '../types'
import { PlotCanvas } from './PlotCanvas'
import { State } from './State'
import { notesOf, useValues, withRunIds } from './useValues'

/** A value of each run as lying bars, so that names can be read. */
export function BarPlot(props: PlotProps<BarOptions>) {
  const { options, height, onPicture } = props
  const { table, error } = useValues(props, [options.column])
  const { column, most, lowest, logY } = options
  const bars = useMemo(
    () => (table ? barsOf(table.runs, table.values[0]!.numbers, { most, lowest }) : null),
    [table, most, lowest],
  )
  const picture = useMemo(() => {
    if (!table || !bars) return null
    const missing = table.values[0]!.numbers.filter((value) => !Number.isFinite(value)).length
    return pictureOf(bars, labelOf(column), logY, notesOf(table, missing, 'a value'))
  }, [table, bars, column, logY])
  useEffect(() => onPicture(picture), [picture, onPicture])
  const scene = useMemo(
    () => (pen: Pen, width: number, tall: number, theme: Theme) =>
      sceneOf(bars!, labelOf(column), logY, pen, width, tall, theme),
    [bars, column, logY],
  )
  if (!column) return <State height={height}>Choose what the bars show.</State>
  if (!table || !bars || !picture) return <State height={height} error={error} waiting />
  if (bars.length === 0) return <State height={height}>No run here has {labelOf(column)}.</State>
  return <PlotCanvas {...props} runs={table.byId} summary={picture.summary} scene={scene} />
}

const FOOT = 22
/** lower rows have no room for names */
const LEAST_ROW = 9.5

function sceneOf(
  bars: readonly Bar[],
  label: string,
  log: boolean,
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
): Scene {
  const row = (height - FOOT - 4) / bars.length
  const names = row >= LEAST_ROW
  const size = Math.min(SMALL, Math.floor(row))
  const widest = names ? Math.max(...bars.map((bar) => pen.measure(bar.label, size))) : 0
  const left = names ? Math.min(width * 0.38, widest + 12) : 8
  const room = Math.max(10, width - left - (names ? 62 : 14))
  const scale = scaleOf(bars, log)
  const at = (value: number) => left + Math.min(1, Math.max(0, scale.at(value))) * room
  for (const { value, label: text } of scale.ticks(Math.max(2, Math.floor(room / 70)))) {
    const x = Math.round(at(value)) + 0.5
    pen.line([x, x], [4, height - FOOT], { stroke: theme.line })
    pen.text(x, height - FOOT + 11, text, { colour: theme.quiet, align: 'center' })
  }
  const zero = log ? left : at(0)
  const thick = Math.min(22, Math.max(1, row * 0.72))
  const marks = bars.map((bar, index): Mark => {
    const middle = 4 + row * (index + 0.5)
    const end = at(bar.value)
    const values: [string, string][] = [[label, metric(bar.value)]]
    if (bar.runs > 1) {
      values.push(['standard deviation', metric(bar.deviation)], ['runs', String(bar.runs)])
      values.unshift([bar.label, ''])
    }
    return {
      runId: bar.runId,
      x: end,
      y: middle,
      lines: values,
      box: { left: 0, top: 4 + row * index, width, height: row },
    }
  })
  for (const [index, bar] of bars.entries()) {
    const mark = marks[index]!
    const from = Math.min(zero, mark.x)
    pen.rect(from, mark.y - thick / 2, Math.max(1, Math.abs(mark.x - zero)), thick, {
      fill: bar.colour,
      alpha: 0.88,
    })
    if (bar.deviation > 0) {
      const [low, high] = [at(bar.value - bar.deviation), at(bar.value + bar.deviation)]
      pen.line([low, high], [mark.y, mark.y], { stroke: theme.ink, width: 1.4 })
    }
    if (!names) continue
    pen.text(left - 6, mark.y, fitted(pen, bar.label, left - 10, size), {
      size,
      colour: theme.ink,
      align: 'right',
    })
    pen.text(left + room + 6, mark.y, metric(Number(bar.value.toPrecision(4))), {
      size,
      colour: theme.quiet,
    })
  }
  return {
    marks,
    emphasise: (over, index) => {
      const { x, y } = marks[index]!
      over.rect(Math.min(zero, x), y - thick / 2 - 1, Math.max(1, Math.abs(x - zero)), thick + 2, {
        fill: bars[index]!.colour,
        stroke: theme.ink,
        width: 1.5,
      })
    },
  }
}

function scaleOf(bars: readonly Bar[], log: boolean): Scale {
  const ends = bars.flatMap(({ value, deviation }) => [value - deviation, value + deviation])
  const low = Math.min(...ends)
  const high = Math.max(...ends)
  const values = bars.map((bar) => bar.value)
  if (log && Math.min(...values) > 0) return logScale(...padded([Math.min(...values), high], true))
  // bars begin at zero: their lengths are compared
  const [from, to] = padded([Math.min(0, low), Math.max(0, high)])
  return linearScale(low < 0 ? from : 0, high > 0 ? to : 0)
}

function pictureOf(bars: readonly Bar[], label: string, log: boolean, notes: string[]): Picture {
  const grouped = bars.some((bar) => bar.runId === null)
  const first = bars[0]
  const picture: Picture = {
    summary:
      `Bar chart of ${label}, ${plural(bars.length, grouped ? 'group' : 'run')}` +
      (first ? `, first ${first.label} with ${metric(first.value)}` : ''),
    notes,
    columns: grouped ? ['Group', label, 'Standard deviation', 'Runs'] : ['Run', label],
    rows: () =>
      bars.map((bar) =>
        grouped ? [bar.label, bar.value, bar.deviation, bar.runs] : [bar.label, bar.value],
      ),
    draw: (pen, width, height, theme) => void sceneOf(bars, label, log, pen, width, height, theme),
  }
  return grouped ? picture : withRunIds(picture, () => bars.map((bar) => bar.runId))
}
