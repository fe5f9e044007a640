import { expect, test } from 'vitest'
import { Level } from './level'
import { indexIn, lengthOf, needs, placeAt, type Branch } from './plan'

async function level(prefix: string, total: number): Promise<Level> {
  const made = new Level(
    prefix,
    ({ offset, limit }) => {
      const length = Math.max(0, Math.min(limit, total - offset))
      const rows = Array.from({ length }, (_, at) => ({ id: `${prefix}${offset + at}`, cells: {} }))
      return Promise.resolve({ rows, total })
    },
    false,
  )
  made.want(0, total, ['a'])
  await new Promise((done) => setTimeout(done, 0))
  return made
}

/** Three roots; two rows below the first, one of which has one below it, and one below the third. */
async function tree(): Promise<Branch> {
  const deep = { level: await level('deep', 1), depth: 2, open: [] }
  const first = { level: await level('first', 2), depth: 1, open: [{ at: 1, branch: deep }] }
  const third = { level: await level('third', 1), depth: 1, open: [] }
  return {
    level: await level('root', 3),
    depth: 0,
    open: [
      { at: 0, branch: first },
      { at: 2, branch: third },
    ],
  }
}

const ORDER = ['root0', 'first0', 'first1', 'deep0', 'root1', 'root2', 'third0']

test('unfolded rows stand below their parents', async () => {
  const branch = await tree()
  expect(lengthOf(branch)).toBe(7)
  expect(ORDER.map((_, index) => placeAt(branch, index)?.row?.id)).toEqual(ORDER)
  expect(ORDER.map((_, index) => placeAt(branch, index)?.depth)).toEqual([0, 1, 1, 2, 0, 0, 1])
  expect(placeAt(branch, 7)).toBeNull()
})

test('the place of a row is found again', async () => {
  const branch = await tree()
  expect(ORDER.map((id) => indexIn(branch, id))).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(indexIn(branch, 'nobody')).toBeNull()
})

test('a part of the table needs parts of some lists', async () => {
  const branch = await tree()
  const found = [...needs(branch, 2, 4)].map(([each, range]) => [each.key, range])
  expect(found).toEqual([
    ['first', [1, 1]],
    ['deep', [0, 0]],
    ['root', [1, 1]],
  ])
})
