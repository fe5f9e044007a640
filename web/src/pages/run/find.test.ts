import { expect, test } from 'vitest'
import { finder } from './find'

test('nothing to find fits all', () => {
  expect(finder(' ', true).fits('a')).toBe(true)
})

test('every word has to be there, in any order and case', () => {
  const { fits } = finder('LOSS train', false)
  expect(fits('train/loss', '0.1')).toBe(true)
  expect(fits('train', 'loss')).toBe(true)
  expect(fits('val/loss')).toBe(false)
})

test('a regular expression', () => {
  const { fits, problem } = finder('^(train|val)/loss$', true)
  expect([fits('val/LOSS'), fits('val/loss/2'), problem]).toEqual([true, false, null])
})

test('what is none says so', () => {
  const { fits, problem } = finder('(', true)
  expect(fits('(')).toBe(false)
  expect(problem).not.toBeNull()
})
