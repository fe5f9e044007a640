import { expect, test } from 'vitest'
import { compareLines, counts, folded, rowsOf, splitLines } from './lines'

const LEFT = 'a\nb\nc\nd\n'
const RIGHT = 'a\nB\nc\nd\ne'

test('lines that changed stand side by side', async () => {
  const pieces = await compareLines(LEFT, RIGHT)
  expect(rowsOf(pieces, false).map(({ kind, left, right }) => [kind, left, right])).toEqual([
    ['same', 'a', 'a'],
    ['changed', 'b', 'B'],
    ['same', 'c', 'c'],
    ['same', 'd', 'd'],
    ['added', null, 'e'],
  ])
  expect(counts(pieces)).toEqual({ removed: 1, added: 2 })
})

test('unified, what goes comes before what comes', async () => {
  const rows = rowsOf(await compareLines(LEFT, RIGHT), true)
  expect(rows.map(({ kind, leftNumber, rightNumber }) => [kind, leftNumber, rightNumber])).toEqual([
    ['same', 1, 1],
    ['removed', 2, null],
    ['added', null, 2],
    ['same', 3, 3],
    ['same', 4, 4],
    ['added', null, 5],
  ])
})

test('equal texts, empty texts, and ends of lines of another system', async () => {
  expect(counts(await compareLines('a\r\nb\r\n', 'a\nb'))).toEqual({ removed: 0, added: 0 })
  expect(rowsOf(await compareLines('', ''), false)).toEqual([])
  expect(counts(await compareLines('', 'x\n\n'))).toEqual({ removed: 0, added: 2 })
  expect(splitLines('\n')).toEqual([''])
})

test('equal parts fold, and open one by one', async () => {
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`)
  const other = lines.map((line, index) => (index === 20 ? 'other' : line))
  const rows = rowsOf(await compareLines(lines.join('\n'), other.join('\n')), false)
  const shown = folded(rows, new Set())
  expect(shown.filter((row) => row.kind === 'fold')).toEqual([
    { kind: 'fold', start: 0, count: 17 },
    { kind: 'fold', start: 24, count: 16 },
  ])
  expect(shown.length).toBe(9)
  expect(folded(rows, new Set([0])).length).toBe(25)
  expect(folded(rows, new Set([0, 24]))).toEqual(rows)
})

test('texts with nothing in common come to an end', async () => {
  const text = (word: string) => Array.from({ length: 30_000 }, (_, at) => word + at).join('\n')
  const pieces = await compareLines(`same\n${text('a')}\nend`, `same\n${text('b')}\nend`)
  expect(pieces.map(({ same, left }) => [same, left.length])).toEqual([
    [true, 1],
    [false, 30_000],
    [true, 1],
  ])
})
