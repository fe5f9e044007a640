import type { ChartRun } from '../types'
import type { Curve } from './curves'
import { mean, spread } from './groups'
import { HUGE } from './values'
import { colourOf, DASHES } from '../../lib/colour'

type Column = Float64Array

/** One line of a chart. */
export interface Line {
  id: string
  /** null for the mean of a group */
  runId: string | null
  experimentId: string | null
  label: string
  colour: string
  dash: readonly number[]
  x: Column
  /** what is drawn; NaN is a gap */
  y: Column
  /** the values as they were logged, when `y` is smoothed */
  raw: Column | null
  low: Column | null
  high: Column | null
  step: Column | null
  count: number
  exact: boolean
  /** runs in it */
  runs: number
  /** it has infinite values, which are not drawn */
  infinite?: boolean
}

export interface LineChoice {
  metrics: readonly string[]
  logY: boolean
  logX: boolean
}

/** The lines of runs: one for each run and metric that has points. */
export function runLines(
  curves: readonly Curve[],
  runs: readonly ChartRun[],
  { metrics, logX, logY }: LineChoice,
): Line[] {
  const known = new Map(runs.map((run) => [run.id, run]))
  const alone = new Set(curves.filter((each) => each.count > 0).map((each) => each.runId)).size < 2
  const lines: Line[] = []
  for (const curve of curves) {
    const run = known.get(curve.runId)
    if (!run || curve.x.length === 0) continue
    lines.push({
      id: `${curve.runId} ${curve.key}`,
      runId: curve.runId,
      experimentId: run.experimentId,
      ...looks(run.name, curve.key, metrics, run.colour, run.dash, alone),
      x: logX ? positive(curve.x) : curve.x,
      y: drawable(curve.smoothed ?? curve.y, logY),
      raw: curve.smoothed ? drawable(curve.y, logY) : null,
      low: null,
      high: null,
      step: curve.step,
      count: curve.count,
      exact: curve.exact,
      runs: 1,
      ...(curve.infinite && { infinite: true }),
    })
  }
  return lines
}

/** The lines of groups of runs: their mean over the grid, with a band. */
export function groupLines(
  curves: readonly Curve[],
  grid: Column,
  runs: readonly ChartRun[],
  { metrics, logY, band }: LineChoice & { band: Band },
): Line[] {
  const known = new Map(runs.map((run) => [run.id, run]))
  const groups = new Map<string, { first: ChartRun; key: string; members: Curve[] }>()
  for (const curve of curves) {
    const run = known.get(curve.runId)
    if (!run || curve.count === 0 || !(curve.smoothed ?? curve.mean)) continue
    const id = `${run.group ?? ''} ${curve.key}`
    const found = groups.get(id)
    if (found) found.members.push(curve)
    else groups.set(id, { first: run, key: curve.key, members: [curve] })
  }
  const names = new Set([...groups.values()].map(({ first }) => first.group))
  return [...groups].map(([id, { first, key, members }]) => {
    const middle = mean(members.map((each) => (each.smoothed ?? each.mean)!))
    const [low, high] = spread(members, middle, band)
    return {
      id,
      runId: null,
      experimentId: null,
      ...looks(first.group ?? 'none', key, metrics, first.colour, first.dash, names.size < 2),
      x: grid,
      y: drawable(middle, logY),
      raw: null,
      low: low && drawable(low, logY),
      high: high && drawable(high, logY),
      step: null,
      count: members.reduce((sum, each) => sum + each.count, 0),
      exact: true,
      runs: members.length,
      ...(members.some((each) => each.infinite) && { infinite: true }),
    }
  })
}

export type Band = 'std' | 'range' | 'none'

/** With several metrics in a chart, colours tell metrics apart when there is one run, else dashes. */
function looks(
  name: string,
  key: string,
  metrics: readonly string[],
  colour: string,
  dash: readonly number[],
  alone: boolean,
): { label: string; colour: string; dash: readonly number[] } {
  if (metrics.length < 2) return { label: name, colour, dash }
  if (alone) return { label: `${name} · ${key}`, colour: colourOf(key), dash }
  return {
    label: `${name} · ${key}`,
    colour,
    dash: DASHES[metrics.indexOf(key) % DASHES.length]!,
  }
}

/** Infinity, and on a log scale what is not positive, is a gap. */
function drawable(values: Column, log: boolean): Column {
  const bad = (value: number) => Math.abs(value) > HUGE || (log && value <= 0)
  return values.some(bad) ? values.map((value) => (bad(value) ? NaN : value)) : values
}

function positive(values: Column): Column {
  return values.some((value) => value <= 0)
    ? values.map((value) => (value > 0 ? value : NaN))
    : values
}

/** The first place in a sorted column whose value is not below. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}

/** The point of a line nearest to an x that has a value; -1 if there is none. */
export function nearest({ x, y }: Line, value: number): number {
  const at = lowerBound(x, value)
  let below = at - 1
  let above = at
  while (below >= 0 && Number.isNaN(y[below]!)) below--
  while (above < y.length && Number.isNaN(y[above]!)) above++
  if (above >= y.length) return below
  if (below < 0) return above
  return value - x[below]! < x[above]! - value ? below : above
}

/** The range of x over all lines; null without points. */
export function rangeOfX(lines: readonly Line[]): [number, number] | null {
  let low = Infinity
  let high = -Infinity
  for (const { x } of lines) {
    for (let index = 0; index < x.length && !(x[index]! >= low); index++)
      if (x[index]! < low) low = x[index]!
    for (let index = x.length - 1; index >= 0 && !(x[index]! <= high); index--)
      if (x[index]! > high) high = x[index]!
  }
  return low <= high ? [low, high] : null
}

/** The range of all that is drawn between two x; nothing that is drawn lies outside. */
export function rangeOfY(
  lines: readonly Line[],
  [from, to]: readonly [number, number],
): [number, number] | null {
  let low = Infinity
  let high = -Infinity
  const take = (values: Column, start: number, end: number) => {
    for (let index = start; index < end; index++) {
      const value = values[index]!
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  for (const line of lines) {
    let start = lowerBound(line.x, from)
    let end = start
    while (end < line.x.length && line.x[end]! <= to) end++
    if (start === end) {
      // nothing inside: the line that crosses the range ends at its neighbours
      start = Math.max(0, start - 1)
      end = Math.min(line.x.length, end + 1)
    }
    for (const column of [line.y, line.raw, line.low, line.high])
      if (column) take(column, start, end)
  }
  return low <= high ? [low, high] : null
}
