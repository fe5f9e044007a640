import { expect, test } from 'vitest'
import { asNumbers, etaSquared, pearson, ranks, spearman } from './statistics'

test('correlations', () => {
  expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1)
  expect(pearson([1, 2, 3], [6, 4, 2])).toBeCloseTo(-1)
  expect(pearson([1, 1, 1], [1, 2, 3])).toBeNull()
  expect(ranks([30, 10, 20, 10])).toEqual([3, 0.5, 2, 0.5])
  // grows steadily, but along no line
  expect(spearman([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1)
  expect(pearson([1, 2, 3, 4], [1, 10, 100, 1000])!).toBeLessThan(0.9)
})

test('the share between categories', () => {
  expect(etaSquared(['a', 'a', 'b', 'b'], [1, 1, 5, 5])).toBeCloseTo(1)
  expect(etaSquared(['a', 'b', 'a', 'b'], [1, 1, 5, 5])).toBeCloseTo(0)
  expect(etaSquared(['a', 'b'], [1, 1])).toBeNull()
})

test('numbers are numbers when all of them are', () => {
  expect(asNumbers(['1', '2e-3', null])).toEqual([1, 0.002, null])
  expect(asNumbers(['1', 'x'])).toBeNull()
  expect(asNumbers(['', '1'])).toBeNull()
  expect(asNumbers([null])).toBeNull()
})
