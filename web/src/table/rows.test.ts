import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Rows } from './rows'
import type { TableQuestion } from './sources'

interface Asked {
  filter: string
  order_by?: string[]
  columns: string[]
  offset?: number
  max_results: number
  count: boolean
}

/** A server with runs `r0` to `r249`, of which `r1` has the children `c0` and `c1`. */
let asked: Asked[]
let total: number
let held: (() => void)[] | null
let number = 0

function answer({ filter, order_by = [], columns, offset = 0, max_results, count }: Asked) {
  let ids = filter.includes("= 'r1'")
    ? ['c0', 'c1']
    : Array.from({ length: total }, (_, at) => `r${at}`)
  const wanted = /run_id IN \((.*)\)/.exec(filter)?.[1]
  if (wanted) ids = ids.filter((id) => wanted.includes(`'${id}'`))
  if (order_by[0]?.endsWith('DESC')) ids = ids.toReversed()
  const page = ids.slice(offset, offset + max_results)
  const cells = columns.map((name) => [name, page.map((id) => `${name} of ${id} ${asked.length}`)])
  return { run_ids: page, columns: Object.fromEntries(cells), total: count ? ids.length : null }
}

beforeEach(() => {
  asked = []
  total = 250
  held = null
  vi.stubGlobal('fetch', async (_: string, { body }: { body: string }) => {
    const question = JSON.parse(body) as Asked
    asked.push(question)
    if (held) await new Promise<void>((go) => held!.push(go))
    return new Response(JSON.stringify(answer(question)))
  })
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const settled = () => new Promise((done) => setTimeout(done, 10))

/** Lists are kept for a while: each test asks about an experiment of its own. */
function question(more: Partial<TableQuestion> = {}): TableQuestion {
  const usual = { filter: '', order: '', group: [], tree: false }
  return { experimentIds: [`${number}`], lifecycle: 'ACTIVE_ONLY', ...usual, ...more }
}

async function shown(more: Partial<TableQuestion> = {}): Promise<Rows> {
  number++
  const rows = new Rows()
  rows.look(0, 30)
  rows.ask(question(more), ['a'], [])
  await settled()
  return rows
}

test('rows come before the count, and only those near', async () => {
  const rows = await shown()
  expect(asked.map(({ offset, count }) => [offset, count])).toEqual([
    [0, false],
    [0, true],
  ])
  expect(rows.length).toBe(250)
  expect(rows.at(0)?.row?.id).toBe('r0')
  rows.look(210, 240)
  await vi.waitFor(() => expect(rows.at(239)?.row?.id).toBe('r239'))
})

test('old rows stay until the new order has come, and are not counted again', async () => {
  const rows = await shown()
  held = []
  rows.ask(question({ order: 'metrics.a DESC' }), ['a'], [])
  await settled()
  expect(rows.isOld).toBe(true)
  expect(rows.at(0)?.row?.id).toBe('r0')
  for (const go of held) go()
  held = null
  await settled()
  expect(rows.isOld).toBe(false)
  expect(rows.at(0)?.row?.id).toBe('r249')
  expect(rows.answers).toBe(1)
  expect(asked.filter((each) => each.count)).toHaveLength(1)
})

test('children stand below the parent that is unfolded', async () => {
  const rows = await shown({ tree: true })
  rows.ask(question({ tree: true }), ['a'], ['r1'])
  expect(rows.length).toBe(250)
  await settled()
  expect(rows.length).toBe(252)
  expect([1, 2, 3, 4].map((at) => rows.at(at)?.row?.id)).toEqual(['r1', 'c0', 'c1', 'r2'])
  expect(rows.at(2)?.depth).toBe(1)
  expect(rows.indexOf('r2')).toBe(4)
})

test('what changes is shown in place, and what is new is announced', async () => {
  const rows = await shown()
  const before = rows.at(5)?.row?.cells.a
  await rows.touched(['r5', 'elsewhere'], false)
  expect(rows.at(5)?.row?.cells.a).not.toBe(before)
  expect(rows.arrived).toBe(0)
  total = 253
  await rows.touched(['new'], false)
  expect(rows.arrived).toBe(3)
  expect(rows.length).toBe(250)
  rows.refresh()
  await settled()
  expect(rows.length).toBe(253)
  expect(rows.arrived).toBe(0)
})

test('who is at the top sees new runs at once', async () => {
  const rows = await shown()
  total = 251
  await rows.touched(['new'], true)
  await settled()
  expect(rows.length).toBe(251)
})

test('the ids of a range are fetched where they are not there', async () => {
  const rows = await shown()
  const ids = await rows.idsBetween(90, 220)
  expect(ids).toHaveLength(131)
  expect(ids[0]).toBe('r90')
  expect(ids.at(-1)).toBe('r220')
})
