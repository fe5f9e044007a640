import type { Cell } from '../../api/runs'
import { column } from '../../lib/columns'
import { metric, moment } from '../../lib/format'

/** The number that a cell holds, also as text; NaN for what is none. */
export function numberOf(cell: Cell): number {
  if (typeof cell === 'number') return cell
  if (typeof cell === 'boolean') return Number(cell)
  if (typeof cell !== 'string' || cell.trim() === '') return NaN
  return Number(cell)
}

/** A cell as people read it. */
export function textOf(cell: Cell): string {
  if (cell === null || cell === undefined) return ''
  if (typeof cell === 'number') return metric(cell)
  return typeof cell === 'string' ? cell : JSON.stringify(cell)
}

/** A column of runs, read as numbers where all that is there are numbers, else as categories. */
export interface Values {
  name: string
  label: string
  numeric: boolean
  /** NaN where missing; places in `categories` when not numeric */
  numbers: Float64Array
  categories: readonly string[]
  /** where there is nothing, not even NaN */
  missing: readonly boolean[]
  time: boolean
}

const TIMES = new Set(['attributes.start_time', 'attributes.end_time'])

export function valuesOf(name: string, cells: readonly Cell[]): Values {
  const present = cells.filter((cell) => !isMissing(cell))
  const numeric =
    present.length > 0 && present.every((cell) => !Number.isNaN(numberOf(cell)) || isNaNText(cell))
  const base = { name, label: labelOf(name), time: TIMES.has(name), missing: cells.map(isMissing) }
  if (numeric || column(name).kind === 'metrics') {
    return { ...base, numeric: true, numbers: Float64Array.from(cells, numberOf), categories: [] }
  }
  const categories = [...new Set(present.map(textOf))].sort(byNature)
  const place = new Map(categories.map((text, index) => [text, index]))
  const numbers = Float64Array.from(cells, (cell) => place.get(textOf(cell)) ?? NaN)
  return { ...base, numeric: false, numbers, categories }
}

function isMissing(cell: Cell): boolean {
  return cell === null || cell === undefined
}

function isNaNText(cell: Cell): boolean {
  return typeof cell === 'number' || cell === 'NaN' || cell === 'nan'
}

/** `10` after `9`, words by their letters. */
export function byNature(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}

/** The value of one run as people read it. */
export function shown(values: Values, index: number): string {
  if (values.missing[index]) return ''
  const value = values.numbers[index]!
  if (!values.numeric) return values.categories[value] ?? ''
  return values.time ? moment(value) : metric(value)
}

/** A column as people call it: `loss`, `min loss`, `Start time`. */
export function labelOf(name: string): string {
  const { kind, key, function: of } = column(name)
  if (kind === 'attributes') {
    const words = key.replaceAll('_', ' ')
    return words.charAt(0).toUpperCase() + words.slice(1)
  }
  return of && of !== 'last' ? `${of} ${key}` : key
}

/** The smallest and the largest number, without NaN and what stands for infinity; null if none. */
export function extent(numbers: ArrayLike<number>): [number, number] | null {
  let low = Infinity
  let high = -Infinity
  for (let index = 0; index < numbers.length; index++) {
    const value = numbers[index]!
    if (Math.abs(value) > HUGE) continue
    if (value < low) low = value
    if (value > high) high = value
  }
  return low <= high ? [low, high] : null
}

/** The server keeps infinity as the largest double; nothing can be drawn to that scale. */
export const HUGE = 1e300
