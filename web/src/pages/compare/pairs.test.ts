import { expect, test } from 'vitest'
import { pairOf } from './pairs'

test('what both have comes first, settings before text before the rest', () => {
  const left = new Map([
    ['a.png', 1],
    ['b.txt', 1],
    ['only.json', 1],
    ['z/config.yaml', 1],
  ])
  const right = new Map([
    ['a.png', 2],
    ['b.txt', 1],
    ['z/config.yaml', null],
    ['other.bin', 1],
  ])
  expect(pairOf(left, right)).toEqual([
    { path: 'z/config.yaml', left: 1, right: null },
    { path: 'b.txt', left: 1, right: 1 },
    { path: 'a.png', left: 1, right: 2 },
    { path: 'only.json', left: 1, right: undefined },
    { path: 'other.bin', left: undefined, right: 1 },
  ])
})
