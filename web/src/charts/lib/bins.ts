import { HUGE } from './values'

export interface Bin {
  from: number
  to: number
  /** places of the numbers that lie in it */
  members: number[]
}

/** Equal bins over numbers (equal in the logarithm with `log`); the last includes its end. */
export function binned(numbers: ArrayLike<number>, many: number, log = false): Bin[] {
  const kept: number[] = []
  for (let place = 0; place < numbers.length; place++) {
    const value = numbers[place]!
    if (Math.abs(value) <= HUGE && (!log || value > 0)) kept.push(place)
  }
  if (kept.length === 0) return []
  const to = log ? Math.log : (value: number) => value
  const back = log ? Math.exp : (value: number) => value
  let low = Infinity
  let high = -Infinity
  for (const place of kept) {
    low = Math.min(low, to(numbers[place]!))
    high = Math.max(high, to(numbers[place]!))
  }
  if (low === high) {
    const half = Math.abs(low) * 0.05 || 0.5
    low -= half
    high += half
  }
  const width = (high - low) / many
  const bins = Array.from({ length: many }, (_, index): Bin => ({
    from: back(low + index * width),
    to: back(index === many - 1 ? high : low + (index + 1) * width),
    members: [],
  }))
  for (const place of kept) {
    const index = Math.min(many - 1, Math.floor((to(numbers[place]!) - low) / width))
    bins[index]!.members.push(place)
  }
  return bins
}

/** A number of bins that suits as many numbers (Sturges, with some more for many). */
export function binCount(many: number): number {
  return Math.max(
    5,
    Math.min(60, Math.ceil(Math.log2(Math.max(1, many)) + 1 + Math.sqrt(many) / 4)),
  )
}
