import type { Curve } from './curves'
import type { Band } from './lines'

type Column = Float64Array

/** Values between neighbours in place of NaN; before the first and after the last stays NaN. */
export function bridged(values: Column): Column {
  const filled = values.slice()
  let last = -1
  for (let index = 0; index < values.length; index++) {
    if (Number.isNaN(values[index]!)) continue
    if (last >= 0 && last < index - 1) {
      const step = (values[index]! - values[last]!) / (index - last)
      for (let between = last + 1; between < index; between++) {
        filled[between] = values[last]! + step * (between - last)
      }
    }
    last = index
  }
  return filled
}

/** The mean over curves at every place, of those that have a value there. */
export function mean(curves: readonly Column[]): Column {
  const [first] = curves
  if (!first) return new Float64Array(0)
  const sums = new Float64Array(first.length)
  const counts = new Uint32Array(first.length)
  for (const curve of curves.map(bridged)) {
    for (let index = 0; index < sums.length; index++) {
      const value = curve[index]!
      if (Number.isNaN(value)) continue
      sums[index]! += value
      counts[index]!++
    }
  }
  return sums.map((sum, index) => (counts[index] ? sum / counts[index]! : NaN))
}

/** The band of a group around its mean: a standard deviation, or smallest to largest value. */
export function spread(
  members: readonly Curve[],
  middle: Column,
  band: Band,
): [Column, Column] | [null, null] {
  if (band === 'none') return [null, null]
  if (band === 'range') {
    return [
      extreme(
        members.map((each) => each.low),
        Math.min,
      ),
      extreme(
        members.map((each) => each.high),
        Math.max,
      ),
    ]
  }
  const squares = new Float64Array(middle.length)
  const counts = new Uint32Array(middle.length)
  for (const member of members) {
    const curve = bridged((member.smoothed ?? member.mean)!)
    for (let index = 0; index < middle.length; index++) {
      const off = curve[index]! - middle[index]!
      if (Number.isNaN(off)) continue
      squares[index]! += off * off
      counts[index]!++
    }
  }
  // of a sample: one run has no spread
  const deviation = squares.map((sum, index) =>
    counts[index]! > 1 ? Math.sqrt(sum / (counts[index]! - 1)) : 0,
  )
  return [
    middle.map((value, index) => value - deviation[index]!),
    middle.map((value, index) => value + deviation[index]!),
  ]
}

function extreme(
  curves: readonly (Column | null)[],
  better: (one: number, other: number) => number,
): Column {
  const present = curves.filter((curve) => curve !== null).map(bridged)
  const result = new Float64Array(present[0]?.length ?? 0).fill(NaN)
  for (const curve of present) {
    for (let index = 0; index < result.length; index++) {
      const value = curve[index]!
      if (Number.isNaN(value)) continue
      result[index] = Number.isNaN(result[index]!) ? value : better(result[index]!, value)
    }
  }
  return result
}
