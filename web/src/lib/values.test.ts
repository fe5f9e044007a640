import { expect, test } from 'vitest'
import { asTable, linesOfValue, ofRecords, parseJson, textOf } from './values'

test('only what is unfolded has lines', () => {
  const value = { a: [1, 2], b: {}, c: null }
  const lines = linesOfValue(value, (_, level) => level < 2)
  expect(lines.map(({ level, key, open }) => [level, key, open])).toEqual([
    [1, null, true],
    [2, 'a', false],
    [2, 'b', null],
    [2, 'c', null],
  ])
  const all = linesOfValue(value, () => true)
  expect(all.map(({ id }) => id)).toEqual([
    '[]',
    '["a"]',
    '["a","0"]',
    '["a","1"]',
    '["b"]',
    '["c"]',
  ])
})

test('names with slashes and dots are told apart', () => {
  const lines = linesOfValue({ 'a.b': 1, a: { b: 2 } }, () => true)
  expect(new Set(lines.map(({ id }) => id)).size).toBe(lines.length)
})

test('JSON of Python is read', () => {
  expect(parseJson('{"a": NaN, "b": [-Infinity], "c": "NaN is \\"not\\" Infinity"}')).toEqual({
    a: 'NaN',
    b: ['-Infinity'],
    c: 'NaN is "not" Infinity',
  })
  expect(() => parseJson('{"a": }')).toThrow()
})

test('tables', () => {
  expect(asTable({ columns: ['a'], data: [[1], [2]] })).toEqual({
    columns: ['a'],
    data: [[1], [2]],
  })
  expect(asTable({ columns: ['a'] })).toBeNull()
  expect(asTable({ columns: ['a'], data: [1] })).toBeNull()
  expect(ofRecords([{ a: 1 }, { b: 2 }])).toEqual({
    columns: ['a', 'b'],
    data: [[1], [undefined, 2]],
  })
  expect(ofRecords([1])).toBeNull()
  expect(asTable([])).toBeNull()
})

test('cells', () => {
  expect(textOf(null)).toBe('')
  expect(textOf(10n)).toBe('10')
  expect(textOf(new Date(0))).toBe('1970-01-01T00:00:00Z')
  expect(textOf({ a: 1n })).toBe('{"a":"1"}')
  expect(textOf(new Uint8Array([1, 255]))).toBe('01 ff')
})
