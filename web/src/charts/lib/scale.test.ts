import { describe, expect, it } from 'vitest'
import {
  categoryScale,
  linearScale,
  logScale,
  padded,
  secondsScale,
  tickLabel,
  timeLabels,
} from './scale'

describe('scales', () => {
  it('place values between 0 and 1 and back', () => {
    const linear = linearScale(0, 10)
    expect(linear.at(5)).toBe(0.5)
    expect(linear.value(0.5)).toBe(5)
    const log = logScale(1, 100)
    expect(log.at(10)).toBeCloseTo(0.5)
    expect(log.at(0)).toBeNaN()
    expect(categoryScale(['a', 'b']).at(1)).toBe(0.75)
  })

  it('have a width even for a single value', () => {
    expect(linearScale(3, 3).at(3)).toBeCloseTo(0.5)
    expect(logScale(-1, 0).domain).toEqual([0.1, 10])
    const [low, high] = padded([0, 0])
    expect(low).toBeLessThan(high)
  })

  it('leave room on a log axis by factors', () => {
    const [low, high] = padded([1, 100], true)
    expect(low).toBeGreaterThan(0.5)
    expect(high / 100).toBeCloseTo(1 / low)
  })

  it('have ticks at powers and their parts', () => {
    expect(
      logScale(1, 1000)
        .ticks(20)
        .map((tick) => tick.label),
    ).toEqual('1 2 5 10 20 50 100 200 500 1000'.split(' '))
    expect(logScale(1e-8, 1e8).ticks(5).length).toBeLessThanOrEqual(5)
    expect(
      secondsScale(0, 900)
        .ticks(4)
        .map((tick) => tick.label),
    ).toEqual(['0 s', '5 min', '10 min', '15 min'])
  })
})

it('writes numbers of axes short', () => {
  const labels = [0, 0.05, 1200, 20_000, 3.5e6, 1e-7, 0.30000000000000004].map(tickLabel)
  expect(labels).toEqual(['0', '0.05', '1200', '20k', '3.5M', '1e-7', '0.3'])
})

it('writes the day where one begins, and seconds only where they matter', () => {
  const day = new Date(2026, 0, 2).getTime()
  const hour = 3_600_000
  expect(timeLabels([day, day + hour])).toEqual(['01-02', '01:00'])
  expect(timeLabels([day + hour, day + hour + 1000])).toEqual(['01:00:00', '01:00:01'])
})
