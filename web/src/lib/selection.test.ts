import { expect, test } from 'vitest'
import { ALL, isSelected, select, selectedCount } from './selection'

test('single runs are ticked and unticked', () => {
  let chosen = select([], ['a', 'b'], true)
  expect(chosen).toEqual(['a', 'b'])
  chosen = select(chosen, ['a'], false)
  expect(chosen).toEqual(['b'])
  expect(selectedCount(chosen, 10)).toBe(1)
  expect(isSelected(new Set(chosen), 'b')).toBe(true)
  expect(isSelected(new Set(chosen), 'a')).toBe(false)
})

test('of all that match some are left out again', () => {
  let chosen = select([ALL], ['a'], false)
  expect(chosen).toEqual([ALL, 'a'])
  expect(selectedCount(chosen, 10)).toBe(9)
  expect(isSelected(new Set(chosen), 'a')).toBe(false)
  expect(isSelected(new Set(chosen), 'b')).toBe(true)
  chosen = select(chosen, ['a'], true)
  expect(chosen).toEqual([ALL])
})
