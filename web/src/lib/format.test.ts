import { expect, test } from 'vitest'
import { plural, runName } from './format'

test('a run without a name that can be seen is called by its id', () => {
  const id = '0123456789abcdef'
  for (const name of [undefined, null, '', ' \t']) expect(runName(name, id)).toBe('01234567')
  expect(runName(' a ', id)).toBe(' a ')
})

test('one is one', () => {
  expect(plural(1, 'run')).toBe('1 run')
  expect(plural(1234, 'run')).toBe('1,234 runs')
})
