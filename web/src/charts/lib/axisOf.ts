import { categoryScale, linearScale, logScale, padded, timeScale, type Scale } from './scale'
import { extent, type Values } from './values'

/** The scale for a column: its categories, or its numbers with some room. */
export function scaleOf(values: Values, log = false, room = true): Scale {
  if (!values.numeric) return categoryScale(values.categories)
  const numbers = log ? values.numbers.filter((value) => value > 0) : values.numbers
  const range = extent(numbers) ?? [log ? 1 : 0, log ? 10 : 1]
  const [low, high] = room ? padded(range, log) : range
  if (values.time) return timeScale(low, high)
  return log ? logScale(low, high) : linearScale(low, high)
}

/** Whether a log axis makes sense: numbers above 0 that span more than a factor of 50. */
export function wantsLog({ numeric, numbers, time }: Values): boolean {
  const range = numeric && !time ? extent(numbers) : null
  return range !== null && range[0] > 0 && range[1] / range[0] > 50
}
