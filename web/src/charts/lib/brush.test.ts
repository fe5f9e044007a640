import { describe, expect, it } from 'vitest'
import { brushed, brushesIn, draggedTo, isInside } from './brush'

describe('brushes', () => {
  it('come from an address only when they are ranges', () => {
    expect(brushesIn({ brushes: { a: [0, 0.5], b: [1, 0], c: 'x', d: [0] } })).toEqual({
      a: [0, 0.5],
    })
    expect(brushesIn({ brushes: [1] })).toEqual({})
  })

  it('keep the runs that are inside of all of them', () => {
    const places = [0.2, 0.9]
    const inside = (brushes: Record<string, [number, number]>) =>
      isInside(['a', 'b'], (axis) => places[axis]!, brushes)
    expect(inside({})).toBe(true)
    expect(inside({ a: [0, 0.3] })).toBe(true)
    expect(inside({ a: [0, 0.3], b: [0, 0.5] })).toBe(false)
    expect(isInside(['a'], () => NaN, { a: [0, 1] })).toBe(false)
  })

  it('are made by a drag in either direction, and taken away by a click', () => {
    expect(brushed({}, 'a', 0.8, 0.2)).toEqual({ a: [0.2, 0.8] })
    expect(brushed({ a: [0.2, 0.8] }, 'a', 0.5, 0.501)).toEqual({})
    expect(brushed({}, 'a', -1, 2)).toEqual({ a: [0, 1] })
  })
})

it('puts a dragged axis where it was dropped', () => {
  expect(draggedTo(['a', 'b', 'c'], 'a', 0.9)).toEqual(['b', 'c', 'a'])
  expect(draggedTo(['a', 'b', 'c'], 'c', 0)).toEqual(['c', 'a', 'b'])
})
