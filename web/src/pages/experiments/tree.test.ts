import { expect, test } from 'vitest'
import {
  flatRows,
  isOpen,
  parts,
  toggled,
  treeRows,
  type Figures,
  type Item,
  type Row,
} from './tree'

const item = (name: string, created = 0): Item => ({
  id: name,
  name,
  created,
  deleted: false,
  description: '',
  tags: [],
})
const NAMES = { by: 'name', descending: false } as const
const shown = (rows: Row[]) =>
  rows.map((row) => `${'  '.repeat(row.depth)}${row.label}${row.kind === 'folder' ? '/' : ''}`)
const tree = (names: string[], opened: string[] = ['*']) =>
  shown(
    treeRows(
      names.map((name) => item(name)),
      new Map(),
      NAMES,
      opened,
    ),
  )

test('parts of names', () => {
  expect(parts('a')).toEqual(['a'])
  expect(parts('a/b/c')).toEqual(['a', 'b', 'c'])
  expect(parts('/Users/ada/x')).toEqual(['/Users', 'ada', 'x'])
  expect(parts('a//b')).toEqual(['a', '/b'])
  expect(parts('a/')).toEqual(['a/'])
  expect(parts('/')).toEqual(['/'])
})

test('what shares the front of its name is in a folder', () => {
  expect(tree(['vision/a', 'vision/b', 'speech'])).toEqual(['speech', 'vision/', '  a', '  b'])
})

test('one alone needs no folder', () => {
  expect(tree(['vision/a', 'nlp/x/y'])).toEqual(['nlp/x/y', 'vision/a'])
  expect(tree(['v/a', 'v/n/x'])).toEqual(['v/', '  a', '  n/x'])
})

test('folders of nothing but a folder are one', () => {
  expect(tree(['a/b/c/1', 'a/b/c/2'])).toEqual(['a/b/c/', '  1', '  2'])
  expect(tree(['/Users/ada/1', '/Users/ada/2'])).toEqual(['/Users/ada/', '  1', '  2'])
})

test('an experiment may have the name of a folder', () => {
  expect(tree(['a', 'a/1', 'a/2'])).toEqual(['a', 'a/', '  1', '  2'])
})

test('folders are closed until they are opened', () => {
  expect(tree(['a/1', 'a/2', 'b/1', 'b/2'], [])).toEqual(['a/', 'b/'])
  expect(tree(['a/1', 'a/2', 'b/1', 'b/2'], ['b'])).toEqual(['a/', 'b/', '  1', '  2'])
  expect(tree(['a/1', 'a/2', 'b/1', 'b/2'], ['*', 'b'])).toEqual(['a/', '  1', '  2', 'b/'])
})

test('opening and closing', () => {
  expect(toggled([], 'a')).toEqual(['a'])
  expect(toggled(['a'], 'a')).toEqual([])
  expect(isOpen(toggled(['*'], 'a'), 'a')).toBe(false)
})

test('numbers in names sort as numbers', () => {
  expect(tree(['run 10', 'run 9'])).toEqual(['run 9', 'run 10'])
})

test('a folder has the figures of all in it, and its place by them', () => {
  const figures = new Map<string, Figures>([
    ['a/1', { runs: 2, running: 1, last: 5 }],
    ['a/2', { runs: 3, running: 0, last: null }],
    ['b', { runs: 4, running: 0, last: 9 }],
  ])
  const items = ['a/1', 'a/2', 'b'].map((name) => item(name))
  const byRuns = treeRows(items, figures, { by: 'runs', descending: true }, [])
  expect(byRuns[0]!.figures).toEqual({ runs: 5, running: 1, last: 5 })
  expect(shown(byRuns)).toEqual(['a/', 'b'])
  expect(shown(treeRows(items, figures, { by: 'activity', descending: true }, []))).toEqual([
    'b',
    'a/',
  ])
  figures.delete('a/2')
  expect(treeRows(items, figures, NAMES, [])[0]!.figures).toBeNull()
})

test('a search shows whole names', () => {
  const rows = flatRows([item('a/1', 1), item('a/2', 2)], new Map(), {
    by: 'created',
    descending: true,
  })
  expect(shown(rows)).toEqual(['a/2', 'a/1'])
})
