import { expect, test } from 'vitest'
import { entriesFound, entriesOf, fileAt, sizeOfFolder, sorted, type Folders } from './tree'

const file = (path: string, file_size: number) => ({ path, is_dir: false, file_size })
const folder = (path: string) => ({ path, is_dir: true })
const FOLDERS: Folders = new Map([
  ['', { state: 'here', files: [folder('a'), folder('b'), file('c.txt', 5)] }],
  ['a', { state: 'here', files: [folder('a/x'), file('a/y.json', 3)] }],
  ['a/x', { state: 'here', files: [file('a/x/z.json', 4)] }],
])

test('what is unfolded stands below its folder', () => {
  const entries = entriesOf(FOLDERS, new Set(['a', 'b']))
  expect(entries.map(({ path, level, note }) => [path, level, note])).toEqual([
    ['a', 1, null],
    ['a/x', 2, null],
    ['a/y.json', 2, null],
    ['b', 1, 'waiting'],
    ['c.txt', 1, null],
  ])
  expect(entries[2]).toMatchObject({ place: 2, siblings: 2, size: 3 })
})

test('the size of a folder is known when all of it was listed', () => {
  expect(sizeOfFolder(FOLDERS, 'a')).toBe(7)
  expect(sizeOfFolder(FOLDERS, 'b')).toBeNull()
  expect(sizeOfFolder(FOLDERS, '')).toBeNull()
})

test('a search shows what it finds and the way to it', () => {
  expect(entriesFound(FOLDERS, 'JSON z').map(({ path }) => path)).toEqual([
    'a',
    'a/x',
    'a/x/z.json',
  ])
  expect(entriesFound(FOLDERS, 'nothing')).toEqual([])
})

test('folders come first, numbers in their order', () => {
  const files = [file('part-10', 1), file('part-2', 1), folder('z')]
  expect(sorted(files).map(({ path }) => path)).toEqual(['z', 'part-2', 'part-10'])
})

test('the entry at a path', () => {
  expect(fileAt(FOLDERS, 'a/y.json')?.file_size).toBe(3)
  expect(fileAt(FOLDERS, 'b/n')).toBeNull()
})
