import { expect, test } from 'vitest'
import { besideOf, endingOf, foldersAbove, nameOf } from './files'

test.each([
  ['README.md', 'images/a%20b.png', 'images/a b.png'],
  ['docs/README.md', './x.png', 'docs/x.png'],
  ['docs/README.md', '../x.png?raw=1', 'x.png'],
  ['docs/README.md', '../../x.png', null],
  ['README.md', '%', null],
  ['README.md', '', null],
])('what %s calls %s', (path, named, found) => expect(besideOf(path, named)).toBe(found))

test('parts of paths', () => {
  expect(foldersAbove('a/b/c')).toEqual(['a', 'a/b'])
  expect(foldersAbove('c')).toEqual([])
  expect(nameOf('a/b.tar.GZ')).toBe('b.tar.GZ')
  expect(endingOf('a/b.tar.GZ')).toBe('gz')
  expect(endingOf('a.b/c')).toBe('')
})
