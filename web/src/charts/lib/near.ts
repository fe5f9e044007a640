import { metric, moment } from '../../lib/format'
import type { Axes } from './axes'
import { nearest, type Line } from './lines'
import { secondsLabel } from './scale'

/** A point of a line near the pointer. */
export interface Near {
  line: Line
  index: number
  /** CSS pixels from the pointer */
  far: number
}

/** The point of each line nearest to an x, those closest to the pointer first. */
export function nearestLines(
  lines: readonly Line[],
  { left, top, x }: { left: number; top: number; x: number },
  axes: Axes,
): Near[] {
  const found: Near[] = []
  for (const line of lines) {
    const index = nearest(line, x)
    if (index < 0) continue
    const off = axes.x(line.x[index]!) - axes.frame.left - left
    const over = axes.y(line.y[index]!) - axes.frame.top - top
    // what is far to the side is not "here"; across, curves are steep between two points
    if (Math.abs(off) > Math.max(40, axes.frame.width / 8)) continue
    found.push({ line, index, far: Math.hypot(off / 3, over) })
  }
  return found.sort((one, other) => one.far - other.far)
}

/** The x of the point nearest to the pointer. */
export function xOf([first]: readonly Near[]): number {
  return first ? first.line.x[first.index]! : NaN
}

/** An x as people read it. */
export function xText(axis: string, value: number): string {
  if (axis === 'time') return moment(value)
  if (axis === 'relative') return secondsLabel(value)
  return metric(Number(value.toPrecision(7)))
}

/** A value of a line, with its spread for a group. */
export function valueText({ line, index }: Near): string {
  const value = metric(line.y[index]!)
  if (line.low && line.high && line.runs > 1) {
    const half = (line.high[index]! - line.low[index]!) / 2
    if (half > 0) return `${value} (${metric(line.low[index]!)} to ${metric(line.high[index]!)})`
  }
  return line.raw ? `${value} (raw ${metric(line.raw[index]!)})` : value
}
