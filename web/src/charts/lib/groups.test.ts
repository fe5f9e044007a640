import { expect, it } from 'vitest'
import { bridged, mean } from './groups'

const column = (...values: number[]) => Float64Array.from(values)

it('bridges gaps inside of a curve by straight lines, and makes nothing up outside', () => {
  expect([...bridged(column(NaN, 1, NaN, NaN, 4, NaN))]).toEqual([NaN, 1, 2, 3, 4, NaN])
})

it('takes the mean of the curves that reach a place', () => {
  expect([...mean([column(1, 2, NaN), column(3, NaN, NaN)])]).toEqual([2, 2, NaN])
  expect(mean([])).toHaveLength(0)
})
