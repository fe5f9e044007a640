import { expect, test } from 'vitest'
import { decoded } from './curves'

const column = (...values: number[]) =>
  btoa(String.fromCharCode(...new Uint8Array(Float64Array.from(values).buffer)))

function curve(...y: number[]) {
  const x = column(...y.keys())
  const about = { run_id: 'a', metric_key: 'loss', count: y.length, exact: true, x, step: x }
  const nothing = { smoothed: null, mean: null, low: null, high: null }
  return decoded({ curves: [{ ...about, ...nothing, y: column(...y) }], grid: null }).curves[0]!
}

test('infinite values are gaps, and it is said', () => {
  const found = curve(1, Number.MAX_VALUE, -Number.MAX_VALUE, Infinity, 2)
  expect([...found.y]).toEqual([1, NaN, NaN, NaN, 2])
  expect(found.infinite).toBe(true)
})

test('what is not a number was never one', () => {
  const found = curve(1, NaN, 1e299)
  expect([...found.y]).toEqual([1, NaN, 1e299])
  expect(found.infinite).toBeUndefined()
})
