import { describe, expect, it } from 'vitest'
import type { ChartRun } from '../types'
import { barsOf } from './bars'
import { binCount, binned } from './bins'
import { boxOf, quantile } from './box'

describe('boxes', () => {
  it('have quarters between values, and whiskers within one and a half boxes', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
    const box = boxOf([4, 1, 3, 2, 100, NaN])!
    expect(box).toMatchObject({
      count: 5,
      low: 1,
      quarter: 2,
      median: 3,
      threeQuarters: 4,
      high: 4,
    })
    expect(box.outliers).toEqual([100])
    expect(boxOf([NaN])).toBeNull()
  })
})

describe('bins', () => {
  it('hold every number once, the last with its end', () => {
    const bins = binned([0, 1, 2, 3, 4, NaN, Infinity], 4)
    expect(bins.map((bin) => bin.members)).toEqual([[0], [1], [2], [3, 4]])
    expect([bins[0]!.from, bins[3]!.to]).toEqual([0, 4])
  })

  it('have a width for equal numbers, and grow by factors on a log axis', () => {
    expect(binned([7, 7], 5).reduce((sum, bin) => sum + bin.members.length, 0)).toBe(2)
    const bins = binned([-1, 1, 10, 100], 2, true)
    expect(bins.map((bin) => bin.members)).toEqual([[1], [2, 3]])
    expect(bins[0]!.to).toBeCloseTo(10)
    expect(binned([NaN], 3)).toEqual([])
  })

  it('are more for more runs', () => {
    expect(binCount(5)).toBe(5)
    expect(binCount(10_000)).toBeGreaterThan(binCount(100))
  })
})

describe('bars', () => {
  const run = (id: string, group: string | null = null): ChartRun => ({
    id,
    experimentId: '1',
    name: id,
    colour: '#111',
    dash: [],
    group,
    start: 0,
  })

  it('are the best runs first', () => {
    const runs = ['a', 'b', 'c'].map((id) => run(id))
    const bars = barsOf(runs, [1, NaN, 3], { most: 10, lowest: false })
    expect(bars.map((bar) => bar.label)).toEqual(['c', 'a'])
    expect(barsOf(runs, [1, 2, 3], { most: 1, lowest: true })[0]!.value).toBe(1)
  })

  it('are means with their deviation for groups', () => {
    const [bar] = barsOf([run('a', 'g'), run('b', 'g')], [1, 3], { most: 5, lowest: false })
    expect(bar).toMatchObject({ label: 'g', value: 2, runs: 2, runId: null })
    expect(bar!.deviation).toBeCloseTo(Math.SQRT2)
  })
})
