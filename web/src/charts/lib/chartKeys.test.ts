import { expect, it } from 'vitest'
import { chartKey } from './chartKeys'

const press = (key: string, more = {}) => ({
  key,
  shiftKey: false,
  metaKey: false,
  ctrlKey: false,
  altKey: false,
  ...more,
})
const view = { range: [0, 100] as const, log: false, at: 50 }

it('moves the cursor, zooms at it and back', () => {
  expect(chartKey(press('ArrowRight'), view)).toEqual({ cursor: 52 })
  expect(chartKey(press('ArrowLeft', { shiftKey: true }), view)).toEqual({ cursor: 40 })
  expect(chartKey(press('ArrowLeft'), { ...view, at: 0 })).toEqual({ cursor: 0 })
  expect(chartKey(press('+'), view)).toEqual({ range: [25, 75] })
  expect(chartKey(press('-'), view)).toEqual({ range: [-50, 150] })
  expect(chartKey(press('Escape'), view)).toEqual({ reset: true })
  expect(chartKey(press('x'), view)).toBeNull()
  expect(chartKey(press('+', { ctrlKey: true }), view)).toBeNull()
})

it('moves by factors on a log axis', () => {
  const { range } = chartKey(press('+'), { range: [1, 10_000], log: true, at: 100 })!
  expect(range![0]).toBeCloseTo(10)
  expect(range![1]).toBeCloseTo(1000)
})
