import { expect, test } from 'vitest'
import { isStep } from './useView'
import { EMPTY_VIEW } from './view'

const searched = { ...EMPTY_VIEW, filter: 'metrics.loss < 1' }
const typed = { ...EMPTY_VIEW, filter: 're' }

test('what is searched and how it is laid out are steps of the history', () => {
  expect(isStep({ filter: 'metrics.loss < 1' }, EMPTY_VIEW)).toBe(true)
  expect(isStep({ filter: '' }, searched)).toBe(true)
  expect(isStep({ layout: 'split' }, EMPTY_VIEW)).toBe(true)
  expect(isStep({ group: ['params.lr'], unfolded: [], order: '' }, searched)).toBe(true)
})

test('ticks, widths and what does not change are none', () => {
  expect(isStep({ selected: ['a'] }, EMPTY_VIEW)).toBe(false)
  expect(isStep({ widths: { a: 1 }, charts: [] }, EMPTY_VIEW)).toBe(false)
  expect(isStep({ layout: 'table' }, EMPTY_VIEW)).toBe(false)
})

test('a name that is being typed is one step', () => {
  expect(isStep({ filter: 'r' }, EMPTY_VIEW)).toBe(true)
  expect(isStep({ filter: 'res' }, typed)).toBe(false)
  expect(isStep({ filter: 'metrics.loss < 1' }, typed)).toBe(true)
})
