import { expect, it } from 'vitest'
import { surfaceOf } from './interpolate'

it('follows a plane exactly, and says nothing outside of the points', () => {
  const surface = surfaceOf([0, 1, 0], [0, 0, 1], [0, 10, 20], 11, 11)
  const at = (column: number, row: number) => surface.values[row * 11 + column]!
  expect(at(0, 0)).toBeCloseTo(0)
  expect(at(5, 0)).toBeCloseTo(5)
  expect(at(2, 3)).toBeCloseTo(2 + 6)
  expect(at(10, 10)).toBeNaN()
})

it('takes the mean of points at one place, and leaves out what has no value', () => {
  const surface = surfaceOf([0, 0, 1, 0, 1], [0, 0, 0, 1, 1], [1, 3, 2, 2, NaN], 3, 3)
  expect(surface.values[0]).toBeCloseTo(2)
  expect(surface.values[8]).toBeNaN()
})
