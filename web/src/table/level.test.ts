import { expect, test } from 'vitest'
import { BLOCK, Level, type Page, type PageQuestion } from './level'

/** A server of `total` rows that remembers what it was asked. */
function source(total: number) {
  const asked: PageQuestion[] = []
  const state = { total, prefix: 'r' }
  const fetch = (question: PageQuestion): Promise<Page> => {
    asked.push(question)
    const end = Math.min(question.offset + question.limit, state.total)
    const rows = []
    for (let index = question.offset; index < end; index++) {
      const cells = Object.fromEntries(question.columns.map((name) => [name, `${name}${index}`]))
      rows.push({ id: `${state.prefix}${index}`, cells })
    }
    return Promise.resolve({ rows, total: question.count ? state.total : null })
  }
  return { asked, fetch, state }
}

const settled = () => new Promise((done) => setTimeout(done, 0))

test('only the blocks that are wanted are fetched, once', async () => {
  const { asked, fetch } = source(100_000)
  const level = new Level('k', fetch, true)
  level.want(50_000, 50_120, ['a'])
  level.want(50_000, 50_120, ['a'])
  await settled()
  level.want(50_000, 50_120, ['a'])
  await settled()
  expect(asked.filter((each) => !each.count).map((each) => each.offset)).toEqual([50_000, 50_100])
  expect(level.length).toBe(100_000)
  expect(level.row(50_119)).toEqual({ id: 'r50119', cells: { a: 'a50119' } })
  expect(level.row(0)).toBeNull()
})

test('a new column is fetched alone, and joins the others', async () => {
  const { asked, fetch } = source(3)
  const level = new Level('k', fetch, false)
  level.want(0, 40, ['a'])
  await settled()
  level.want(0, 40, ['a', 'b'])
  await settled()
  expect(asked.map((each) => each.columns)).toEqual([['a'], ['b']])
  expect(level.row(1)).toEqual({ id: 'r1', cells: { a: 'a1', b: 'b1' } })
})

test('what is old stays until the new has come, and rows that did not change stay the same', async () => {
  const { fetch, state } = source(3)
  const level = new Level('k', fetch, false)
  level.want(0, 40, ['a'])
  await settled()
  const before = level.row(0)
  state.total = 4
  level.expire()
  level.want(0, 40, ['a'])
  expect(level.row(0)).toBe(before)
  await settled()
  expect(level.row(0)).toBe(before)
  expect(level.length).toBe(4)
})

test('a block that nobody waits for any more is stopped', async () => {
  const { fetch } = source(10_000)
  const level = new Level('k', fetch, true)
  level.want(0, 10, ['a'])
  level.want(5_000, 5_010, ['a'])
  await settled()
  expect(level.row(0)).toBeNull()
  expect(level.row(5_000)).not.toBeNull()
})

test('rows are patched where they are', async () => {
  const { fetch } = source(300)
  const level = new Level('k', fetch, false)
  level.want(0, 299, ['a'])
  await settled()
  level.patch([
    { id: 'r150', cells: { a: 'new' } },
    { id: 'unknown', cells: { a: 'x' } },
  ])
  expect(level.row(150)).toEqual({ id: 'r150', cells: { a: 'new' } })
  expect(level.indexOf('r150')).toBe(150)
  expect(level.indexOf('unknown')).toBeNull()
})

test('without a count the end is known when a block is not full', async () => {
  const { fetch } = source(BLOCK + 5)
  const level = new Level('k', (question) => fetch({ ...question, count: false }), false)
  level.want(0, 250, ['a'])
  await settled()
  expect(level.length).toBe(BLOCK + 5)
})

test('a total that was refused is not asked for again', async () => {
  const { asked, fetch } = source(300)
  const refuse = (question: PageQuestion) => {
    const page = fetch(question)
    return question.count ? Promise.reject(new Error('no')) : page
  }
  const level = new Level('k', refuse, true)
  for (let time = 0; time < 4; time++) {
    level.want(0, 10, ['a'])
    await settled()
  }
  expect(asked.map((each) => each.count)).toEqual([false, true])
  expect(level.length).toBe(BLOCK)
})

test('what was refused is not asked again until all is', async () => {
  let fails = true
  const { fetch } = source(3)
  const level = new Level(
    'k',
    (question) => (fails ? Promise.reject(new Error('no')) : fetch(question)),
    false,
  )
  level.want(0, 10, ['a'])
  await settled()
  expect(level.isReady).toBe(true)
  expect(level.error).toEqual(new Error('no'))
  fails = false
  level.want(0, 10, ['a'])
  await settled()
  expect(level.error).not.toBeNull()
  level.expire()
  level.want(0, 10, ['a'])
  await settled()
  expect(level.error).toBeNull()
  expect(level.length).toBe(3)
})

test('of a long list only what is near is kept', async () => {
  const { asked, fetch } = source(100_000)
  const level = new Level('k', fetch, true)
  for (let first = 0; first < 12_000; first += 100) {
    level.want(first, first + 99, ['a'])
    await settled()
    level.forget(first, first + 99)
  }
  expect(level.row(11_950)).not.toBeNull()
  expect(level.row(2_000)).not.toBeNull()
  expect(level.row(0)).toBeNull()
  expect(level.indexOf('r0')).toBeNull()
  expect(level.length).toBe(100_000)
  const before = asked.length
  level.want(0, 99, ['a'])
  await settled()
  expect(asked.length).toBe(before + 1)
  expect(level.row(0)).not.toBeNull()
})
