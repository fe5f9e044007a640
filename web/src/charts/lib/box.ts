/** What a box plot says of some numbers. */
export interface BoxStatistics {
  count: number
  low: number
  quarter: number
  median: number
  threeQuarters: number
  high: number
  /** beyond 1.5 times the box from it */
  outliers: number[]
}

/** The value below which a share of sorted numbers lies, between two by straight line. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share
  const below = Math.floor(place)
  const above = Math.min(sorted.length - 1, below + 1)
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below)
}

/** Box statistics after Tukey; null without numbers. */
export function boxOf(numbers: ArrayLike<number>): BoxStatistics | null {
  const sorted = Float64Array.from(numbers)
    .filter((value) => !Number.isNaN(value))
    .sort()
  if (sorted.length === 0) return null
  const quarter = quantile(sorted, 0.25)
  const threeQuarters = quantile(sorted, 0.75)
  const reach = 1.5 * (threeQuarters - quarter)
  const inside = sorted.filter(
    (value) => value >= quarter - reach && value <= threeQuarters + reach,
  )
  return {
    count: sorted.length,
    low: inside[0]!,
    quarter,
    median: quantile(sorted, 0.5),
    threeQuarters,
    high: inside.at(-1)!,
    outliers: [...sorted].filter(
      (value) => value < quarter - reach || value > threeQuarters + reach,
    ),
  }
}
