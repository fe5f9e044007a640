import { expect, test } from 'vitest'
import { wholeLines } from './read'

const bytes = (text: string) => new TextEncoder().encode(text)

test('a piece ends with a line where it has one', () => {
  expect(wholeLines(bytes('one\ntwo\nthr'))).toBe(8)
  expect(wholeLines(bytes('one\n'))).toBe(4)
})

test('without lines it ends with a character', () => {
  const text = bytes('aö€😀')
  expect(text.length).toBe(10)
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((end) => wholeLines(text.subarray(0, end)))).toEqual([
    1, 1, 3, 3, 3, 6, 6, 6, 6, 10,
  ])
  expect(wholeLines(bytes(''))).toBe(0)
})
