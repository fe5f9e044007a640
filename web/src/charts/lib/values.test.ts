import { describe, expect, it } from 'vitest'
import { extent, labelOf, numberOf, shown, valuesOf } from './values'

describe('columns of runs', () => {
  it('are numbers where all that is there are numbers', () => {
    const values = valuesOf('params.lr', ['0.1', null, '1e-3'])
    expect(values.numeric).toBe(true)
    expect([...values.numbers]).toEqual([0.1, NaN, 0.001])
    expect(shown(values, 1)).toBe('')
  })

  it('are categories otherwise, sorted as people do', () => {
    const values = valuesOf('params.size', ['big10', 'big9', null])
    expect(values.categories).toEqual(['big9', 'big10'])
    expect([...values.numbers]).toEqual([1, 0, NaN])
    expect(shown(values, 0)).toBe('big10')
  })

  it('keep NaN of metrics', () => {
    expect(valuesOf('metrics.loss', ['NaN', 1]).numeric).toBe(true)
    expect(valuesOf('metrics.loss', [null]).numeric).toBe(true)
    expect(numberOf('')).toBeNaN()
    expect(numberOf('Infinity')).toBe(Infinity)
  })

  it('have names that people know', () => {
    expect(labelOf('attributes.start_time')).toBe('Start time')
    expect(labelOf('min(metrics.`val loss`)')).toBe('min val loss')
    expect(labelOf('metrics.loss')).toBe('loss')
  })
})

it('finds the range of what can be drawn', () => {
  expect(extent([NaN, 3, -1, 1.7976931348623157e308])).toEqual([-1, 3])
  expect(extent([NaN])).toBeNull()
})
