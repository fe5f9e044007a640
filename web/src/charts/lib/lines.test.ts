import { describe, expect, it } from 'vitest'
import type { ChartRun } from '../types'
import type { Curve } from './curves'
import { groupLines, lowerBound, nearest, rangeOfX, rangeOfY, runLines, type Line } from './lines'

const column = (...values: number[]) => Float64Array.from(values)

function curve(runId: string, x: number[], y: number[], more: Partial<Curve> = {}): Curve {
  return {
    runId,
    key: 'loss',
    count: x.length,
    exact: true,
    x: column(...x),
    y: column(...y),
    step: column(...x),
    smoothed: null,
    mean: null,
    low: null,
    high: null,
    ...more,
  }
}

function run(id: string, group: string | null = null): ChartRun {
  return { id, experimentId: '1', name: `run ${id}`, colour: '#111', dash: [], group, start: 0 }
}

const choice = { metrics: ['loss'], logX: false, logY: false, band: 'std' as const }
const line = (x: number[], y: number[]): Line =>
  runLines([curve('a', x, y)], [run('a')], choice)[0]!

describe('lines of runs', () => {
  it('are those that have points, of runs that are shown', () => {
    const curves = [curve('a', [0, 1], [3, 2]), curve('b', [], []), curve('hidden', [0], [1])]
    const lines = runLines(curves, [run('a'), run('b')], choice)
    expect(lines.map((each) => each.label)).toEqual(['run a'])
    expect(lines[0]!.raw).toBeNull()
  })

  it('keep the values as they were logged below smoothed ones', () => {
    const [only] = runLines(
      [curve('a', [0, 1], [3, 2], { smoothed: column(3, 2.5) })],
      [run('a')],
      choice,
    )
    expect([...only!.y]).toEqual([3, 2.5])
    expect([...only!.raw!]).toEqual([3, 2])
  })

  it('have gaps for infinity, and on a log axis for what is not positive', () => {
    expect([...line([0, 1, 2], [1, 1.7976931348623157e308, 2]).y]).toEqual([1, NaN, 2])
    const [log] = runLines([curve('a', [0, 1], [0, 5])], [run('a')], { ...choice, logY: true })
    expect([...log!.y]).toEqual([NaN, 5])
  })

  it('tell several metrics apart by dashes, or by colours for a single run', () => {
    const metrics = ['loss', 'val']
    const curves = ['a', 'b'].flatMap((id) => [
      curve(id, [0], [1]),
      curve(id, [0], [1], { key: 'val' }),
    ])
    const two = runLines(curves, [run('a'), run('b')], { ...choice, metrics })
    expect(two.map((each) => each.dash.length > 0)).toEqual([false, true, false, true])
    const one = runLines(curves.slice(0, 2), [run('a')], { ...choice, metrics })
    expect(one[0]!.colour).not.toBe(one[1]!.colour)
  })
})

describe('lines of groups', () => {
  it('are the mean over the runs with a band of their deviation', () => {
    const grid = column(0, 1)
    const curves = [
      curve('a', [0], [0], { mean: column(1, 2), low: column(0, 2), high: column(1, 3) }),
      curve('b', [0], [0], { mean: column(3, NaN), low: column(3, NaN), high: column(4, NaN) }),
    ]
    const runs = [run('a', 'g'), run('b', 'g')]
    const [std] = groupLines(curves, grid, runs, choice)
    expect([...std!.y]).toEqual([2, 2])
    expect(std!.low![0]).toBeCloseTo(2 - Math.SQRT2)
    expect(std!.low![1]).toBe(2) // a single run has no deviation
    expect(std!.runs).toBe(2)
    const [range] = groupLines(curves, grid, runs, { ...choice, band: 'range' })
    expect([...range!.low!, ...range!.high!]).toEqual([0, 2, 4, 3])
  })
})

describe('places in lines', () => {
  it('finds the nearest point that has a value', () => {
    const one = line([0, 1, 2, 10], [5, NaN, 7, 8])
    expect(nearest(one, 0.9)).toBe(0)
    expect(nearest(one, 1.1)).toBe(2)
    expect(nearest(one, 99)).toBe(3)
    expect(nearest(line([0], [NaN]), 0)).toBe(-1)
    expect(lowerBound([1, 2, 2, 3], 2)).toBe(1)
  })

  it('keeps every extreme in the range of y, and only what is inside of the range of x', () => {
    const lines = [line([0, 1, 2, 3], [1, 100, -5, 2])]
    expect(rangeOfX(lines)).toEqual([0, 3])
    expect(rangeOfY(lines, [0, 3])).toEqual([-5, 100])
    expect(rangeOfY(lines, [2, 3])).toEqual([-5, 2])
    expect(rangeOfY(lines, [1.2, 1.4])).toEqual([-5, 100])
    expect(rangeOfY([], [0, 1])).toBeNull()
  })
})
