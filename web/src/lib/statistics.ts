/** Measures of how a metric and a param go together. */

/** A value of a param; null where a run has none. */
export type ParamValue = string | null

/** Numbers if all values that are there are numbers, else null. */
export function asNumbers(values: readonly ParamValue[]): (number | null)[] | null {
  let some = false
  const numbers: (number | null)[] = []
  for (const value of values) {
    if (value === null) {
      numbers.push(null)
      continue
    }
    const number = value.trim() === '' ? NaN : Number(value)
    if (!Number.isFinite(number)) return null
    numbers.push(number)
    some = true
  }
  return some ? numbers : null
}

export function mean(values: readonly number[]): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** The linear correlation; null when one side does not vary. */
export function pearson(x: readonly number[], y: readonly number[]): number | null {
  const mx = mean(x)
  const my = mean(y)
  let xy = 0
  let xx = 0
  let yy = 0
  for (let index = 0; index < x.length; index++) {
    const dx = x[index]! - mx
    const dy = y[index]! - my
    xy += dx * dy
    xx += dx * dx
    yy += dy * dy
  }
  if (xx === 0 || yy === 0) return null
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
}

/** The place of each number in their order; equal ones share the mean of their places. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!)
  const places = values.map(() => 0)
  let start = 0
  while (start < order.length) {
    let end = start
    while (end + 1 < order.length && values[order[end + 1]!] === values[order[start]!]) end++
    for (let at = start; at <= end; at++) places[order[at]!] = (start + end) / 2
    start = end + 1
  }
  return places
}

/** How steadily one grows with the other, along whatever curve. */
export function spearman(x: readonly number[], y: readonly number[]): number | null {
  return pearson(ranks(x), ranks(y))
}

/** The share of the spread of y that lies between the categories (η²). */
export function etaSquared(x: readonly string[], y: readonly number[]): number | null {
  const all = mean(y)
  const groups = new Map<string, number[]>()
  for (const [index, name] of x.entries()) {
    const group = groups.get(name)
    if (group) group.push(y[index]!)
    else groups.set(name, [y[index]!])
  }
  let between = 0
  for (const group of groups.values()) between += group.length * (mean(group) - all) ** 2
  let total = 0
  for (const value of y) total += (value - all) ** 2
  return total === 0 ? null : Math.min(1, between / total)
}
