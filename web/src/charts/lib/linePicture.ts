import { metric, plural } from '../../lib/format'
import type { Picture } from '../types'
import { drawAxes, type Axes } from './axes'
import { extent } from './values'
import { rangeOfY, type Line } from './lines'
import type { Near } from './near'
import { xText } from './near'
import type { Pen } from './pen'
import { curveScale } from './scale'
import type { Theme } from './theme'

const MARKERS = 40
/** Pixels that all lines of a chart may go up and down; beyond, a browser takes seconds for thick ones. */
const THICKET = 500_000

/** Draw lines: bands below, then raw values faintly, then the lines. */
export function drawLines(pen: Pen, axes: Axes, lines: readonly Line[]): void {
  const bands = lines.filter((line) => line.low && line.high)
  const faint = Math.max(0.05, Math.min(0.16, 0.5 / bands.length))
  for (const line of bands) drawBand(pen, axes, line, faint)
  const placed = lines.map((line) => ({
    line,
    xs: line.x.map(axes.x),
    ys: line.y.map(axes.y),
    raw: line.raw?.map(axes.y),
  }))
  const rawHair = isThicket(placed.map(({ raw }) => raw))
  for (const { line, xs, raw } of placed) {
    if (raw) {
      pen.line(xs, raw, { stroke: line.colour, width: 1, alpha: 0.28, dash: [], hair: rawHair })
    }
  }
  const hair = isThicket(placed.map(({ ys }) => ys))
  const width = lines.length > 30 ? 1.2 : 1.6
  const alpha = lines.length > 100 ? 0.75 : 1
  for (const { line, xs, ys } of placed) {
    pen.line(xs, ys, { stroke: line.colour, width, alpha, dash: line.dash, hair })
    drawDots(pen, line.colour, xs, ys, alpha)
  }
}

/** Whether lines go up and down so much, in pixels, that thick ones would be slow to draw. */
function isThicket(lines: readonly (Float64Array | undefined)[]): boolean {
  let climbed = 0
  for (const ys of lines) {
    if (!ys) continue
    for (let index = 1; index < ys.length; index++) {
      const rise = Math.abs(ys[index]! - ys[index - 1]!)
      if (rise < Infinity) climbed += rise
    }
  }
  return climbed > THICKET
}

/** Points that no line would show: there are few, or they stand between gaps. */
function drawDots(
  pen: Pen,
  colour: string,
  xs: Float64Array,
  ys: Float64Array,
  alpha: number,
): void {
  const few = xs.length <= MARKERS
  for (let index = 0; index < xs.length; index++) {
    if (Number.isNaN(ys[index]!) || Number.isNaN(xs[index]!)) continue
    const alone = !(ys[index - 1]! <= Infinity) && !(ys[index + 1]! <= Infinity)
    if (few || alone) pen.circle(xs[index]!, ys[index]!, few ? 2 : 1.5, { fill: colour, alpha })
  }
}

function drawBand(pen: Pen, axes: Axes, { x, low, high, colour }: Line, alpha: number): void {
  let ring: number[][] = []
  let back: number[][] = []
  const close = () => {
    if (ring.length > 1) pen.rings([[...ring, ...back.toReversed()]], { fill: colour, alpha })
    ring = []
    back = []
  }
  for (let index = 0; index < x.length; index++) {
    const at = axes.x(x[index]!)
    const bottom = axes.y(low![index]!)
    const top = axes.y(high![index]!)
    if (Number.isNaN(bottom) || Number.isNaN(top) || Number.isNaN(at)) close()
    else {
      ring.push([at, top])
      back.push([at, bottom])
    }
  }
  close()
}

/** Lines that stand out, on a halo, and the points under the pointer. */
export function drawMarked(
  pen: Pen,
  axes: Axes,
  lines: readonly Line[],
  near: readonly Near[],
  theme: Theme,
): void {
  for (const line of lines) {
    const xs = line.x.map(axes.x)
    const ys = line.y.map(axes.y)
    pen.line(xs, ys, { stroke: theme.paper, width: 5, alpha: 0.8 })
    pen.line(xs, ys, { stroke: line.colour, width: 2.6, dash: line.dash })
  }
  for (const { line, index } of near) {
    pen.circle(axes.x(line.x[index]!), axes.y(line.y[index]!), 3.2, {
      fill: line.colour,
      stroke: theme.paper,
      width: 1.2,
    })
  }
}

interface Shown {
  lines: readonly Line[]
  metrics: readonly string[]
  axis: string
  axisLabel: string
  xRange: readonly [number, number]
  yRange: readonly [number, number]
  logX: boolean
  logY: boolean
  /** runs beyond those that can be drawn */
  left: number
}

/** What a chart of lines shows, for files, tables and screen readers. */
export function linePicture(shown: Shown): Picture {
  const { lines, metrics, axis, axisLabel } = shown
  return {
    summary: summaryOf(shown),
    notes: notesOf(shown),
    legend: lines,
    columns: [
      'Line',
      'Points',
      `First ${axisLabel}`,
      `Last ${axisLabel}`,
      'Smallest',
      'Largest',
      'Last',
    ],
    rows: () =>
      lines.map((line) => {
        const range = extent(line.raw ?? line.y)
        const last = line.x.length - 1
        return [
          line.label,
          line.count,
          xText(axis, line.x[0]!),
          xText(axis, line.x[last]!),
          range ? range[0] : null,
          range ? range[1] : null,
          (line.raw ?? line.y)[last]!,
        ]
      }),
    csv: () => csvOf(lines, metrics, axisLabel),
    draw: (pen, width, height, theme) => {
      const x = curveScale(axis, shown.logX, ...shown.xRange)
      const y = curveScale('', shown.logY, ...shown.yRange)
      const axes = drawAxes(pen, {
        width,
        height,
        theme,
        x: { scale: x, label: axisLabel },
        y: { scale: y, label: metrics.join(', ') },
      })
      const { frame } = axes
      pen.clip(frame.left, frame.top, frame.width, frame.height, () => drawLines(pen, axes, lines))
    },
  }
}

function summaryOf({ lines, metrics, axis, axisLabel, xRange }: Shown): string {
  const [low, high] = rangeOfY(lines, xRange) ?? [NaN, NaN]
  const groups = lines.some((line) => line.runId === null)
  const runs = groups ? lines.length : new Set(lines.map((line) => line.runId)).size
  return (
    `Line chart of ${metrics.join(', ')} by ${axisLabel}, ${plural(runs, groups ? 'group' : 'run')}, ` +
    `${axisLabel} ${xText(axis, xRange[0])} to ${xText(axis, xRange[1])}, ` +
    `values ${metric(low)} to ${metric(high)}`
  )
}

function notesOf({ lines, left, logY }: Shown): string[] {
  const notes: string[] = []
  const thinned = lines.filter((line) => !line.exact).length
  if (thinned) notes.push(`${plural(thinned, 'curve')} thinned, all extremes kept`)
  if (left > 0) notes.push(`${plural(left, 'further run')} not drawn`)
  if (lines.some((line) => line.infinite)) notes.push('Infinite values are not drawn')
  if (logY && lines.some((line) => line.y.some(Number.isNaN)))
    notes.push('Values that are not positive have no place on a log axis')
  return notes
}

function csvOf(
  lines: readonly Line[],
  metrics: readonly string[],
  axisLabel: string,
): { columns: string[]; rows: (string | number | null)[][] } {
  const grouped = lines.some((line) => line.runId === null)
  const name = metrics.length === 1 ? metrics[0]! : 'value'
  const columns = grouped
    ? ['group', axisLabel, `${name} (mean)`, 'low', 'high', 'runs']
    : ['run', 'run_id', ...new Set([axisLabel, 'step']), name, 'smoothed']
  const rows: (string | number | null)[][] = []
  for (const line of lines) {
    for (let index = 0; index < line.x.length; index++) {
      const x = line.x[index]!
      if (grouped) {
        if (Number.isNaN(line.y[index]!)) continue
        const band = [line.low?.[index] ?? null, line.high?.[index] ?? null]
        rows.push([line.label, x, line.y[index]!, ...band, line.runs])
      } else {
        const value = (line.raw ?? line.y)[index]!
        const smoothed = line.raw ? line.y[index]! : null
        const step = axisLabel === 'step' ? [] : [line.step?.[index] ?? null]
        rows.push([line.label, line.runId, x, ...step, value, smoothed])
      }
    }
  }
  return { columns, rows }
}
