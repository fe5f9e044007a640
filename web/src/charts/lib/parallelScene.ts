import { isInside, type Brushes } from './brush'
import { fitted, type Pen } from './pen'
import type { Scale } from './scale'
import type { Mark, Scene } from './scene'
import { NO_SHADE, type Paper } from './shade'
import type { Theme } from './theme'
import { shown, type Values } from './values'

/** What parallel axes show. */
export interface Parallel {
  axes: readonly string[]
  values: readonly Values[]
  scales: readonly Scale[]
  /** of each run */
  ids: readonly string[]
  colourOf: (run: number, paper: Paper) => string
  brushes: Brushes
}

export interface ParallelScene extends Scene {
  /** where the axes stand */
  at: readonly number[]
  top: number
  bottom: number
}

const TOP = 30
const BOTTOM = 12
const REACH = 9
/** pens measure plain letters; bold ones are wider */
const BOLD = 0.86

/** Where axes stand from left to right. */
export function axisPlaces(many: number, width: number): number[] {
  const side = Math.min(70, width / (many + 1) / 1.5)
  if (many === 1) return [width / 2]
  return Array.from({ length: many }, (_, axis) => side + ((width - 2 * side) * axis) / (many - 1))
}

/** Draw axes side by side, a line for each run; those outside of the brushes are faint. */
export function parallelScene(
  plot: Parallel,
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
): ParallelScene {
  const at = axisPlaces(plot.axes.length, width)
  const top = TOP
  const bottom = height - BOTTOM
  const placeOn = (axis: number, run: number) =>
    plot.scales[axis]!.at(plot.values[axis]!.numbers[run]!)
  const heightOf = (place: number) => bottom - place * (bottom - top)
  const lines = plot.ids.map((_, run) =>
    plot.axes.map((_axis, axis) => heightOf(placeOn(axis, run))),
  )
  const inside = plot.ids.map((_, run) =>
    isInside(plot.axes, (axis) => placeOn(axis, run), plot.brushes),
  )
  const many = inside.filter(Boolean).length
  const alpha = many > 1000 ? 0.18 : many > 200 ? 0.4 : 0.75
  for (const [run, line] of lines.entries()) {
    if (!inside[run]) pen.line(at, line, { stroke: NO_SHADE, alpha: many < 500 ? 0.14 : 0.05 })
  }
  for (const [run, line] of lines.entries()) {
    if (inside[run])
      pen.line(at, line, { stroke: plot.colourOf(run, theme.paperIs), width: 1.4, alpha })
  }
  for (const axis of plot.axes.keys()) drawAxis(plot, axis, { at, top, bottom, width }, pen, theme)
  const marks = plot.ids.flatMap((runId, run): (Mark & { run: number })[] => {
    if (!inside[run]) return []
    const last = lines[run]!.findLastIndex((y) => !Number.isNaN(y))
    if (last < 0) return []
    return [
      {
        run,
        runId,
        x: at[last]!,
        y: lines[run]![last]!,
        lines: plot.values.map((values) => [values.label, shown(values, run)] as const),
      },
    ]
  })
  return {
    at,
    top,
    bottom,
    marks,
    find: (left, y) => nearestLine(marks, lines, at, left, y),
    emphasise: (over, index) => {
      const { run } = marks[index]!
      over.line(at, lines[run]!, { stroke: theme.paper, width: 5 })
      over.line(at, lines[run]!, { stroke: plot.colourOf(run, theme.paperIs), width: 3 })
    },
  }
}

function drawAxis(
  { values, scales, axes, brushes }: Parallel,
  axis: number,
  { at, top, bottom, width }: { at: readonly number[]; top: number; bottom: number; width: number },
  pen: Pen,
  theme: Theme,
): void {
  const x = at[axis]!
  const room = at.length > 1 ? at[1]! - at[0]! : width
  pen.line([x, x], [top, bottom], { stroke: theme.quiet, width: 1.2 })
  pen.text(x, 13, fitted(pen, values[axis]!.label, (room - 6) * BOLD, 12), {
    colour: theme.ink,
    align: 'center',
    bold: true,
    size: 12,
  })
  const ticks = scales[axis]!.ticks(Math.max(2, Math.floor((bottom - top) / 34)))
  for (const { value, label } of ticks) {
    const y = bottom - scales[axis]!.at(value) * (bottom - top)
    if (!(y >= top - 1 && y <= bottom + 1)) continue
    const text = fitted(pen, label, Math.max(20, room / 2 - 8))
    const wide = pen.measure(text)
    pen.rect(x + 3, y - 7, wide + 4, 14, { fill: theme.paper, alpha: 0.72 })
    pen.line([x - 3, x + 3], [y, y], { stroke: theme.quiet })
    pen.text(x + 5, y, text, { colour: theme.quiet })
  }
  const brush = brushes[axes[axis]!]
  if (!brush) return
  const [low, high] = brush.map((place) => bottom - place * (bottom - top)) as [number, number]
  pen.rect(x - 7, high, 14, low - high, { fill: theme.accent, alpha: 0.25 })
  pen.rect(x - 7, high, 14, low - high, { stroke: theme.accent, width: 1.5 })
}

/** The line closest to a place, between the two axes around it. */
function nearestLine(
  marks: readonly (Mark & { run: number })[],
  lines: readonly (readonly number[])[],
  at: readonly number[],
  left: number,
  y: number,
): number | null {
  const axis = Math.max(
    0,
    at.findLastIndex((x) => x <= left),
  )
  const next = Math.min(at.length - 1, axis + 1)
  const span = at[next]! - at[axis]! || 1
  const share = Math.min(1, Math.max(0, (left - at[axis]!) / span))
  let best: number | null = null
  let least = REACH
  for (const [index, { run }] of marks.entries()) {
    const [from, to] = [lines[run]![axis]!, lines[run]![next]!]
    const far = Math.abs(from + (to - from) * share - y)
    if (far < least) {
      least = far
      best = index
    }
  }
  return best
}
