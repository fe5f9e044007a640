import { expect, test } from 'vitest'
import { explain } from './importance'

/** Numbers from 0 to 1 that look like chance, the same every time. */
function noise(index: number): number {
  const value = Math.sin(index * 12.9898) * 43758.5453
  return value - Math.floor(value)
}

const RUNS = Array.from({ length: 80 }, (_, index) => index)

test('what the metric is made of comes first, what is chance comes last', () => {
  const lr = RUNS.map((run) => 10 ** (-4 + 3 * noise(run)))
  const model = RUNS.map((run) => ['small', 'large', 'vit'][Math.floor(noise(run + 1000) * 3)]!)
  const chance = RUNS.map((run) => String(Math.floor(noise(run + 2000) * 100)))
  const metric = RUNS.map(
    (run) => Math.abs(Math.log10(lr[run]!) + 2.5) + (model[run] === 'vit' ? 0.6 : 0),
  )
  const found = explain(
    new Map([
      ['chance', chance],
      ['model', model],
      ['lr', lr.map(String)],
      ['same', RUNS.map(() => '1')],
    ]),
    metric,
  )
  expect(found.rows.map(({ name }) => name)).toEqual(['lr', 'model', 'chance'])
  expect(found.fit!).toBeGreaterThan(0.8)
  const [first, second, third] = found.rows
  // it goes down and up again: no correlation sees that, the forest does
  expect(Math.abs(first!.spearman!)).toBeLessThan(0.4)
  expect(first!.importance!).toBeGreaterThan(0.5)
  expect(second).toMatchObject({ kind: 'category', values: 3 })
  expect(third!.importance!).toBeLessThan(0.05)
})

test('pure chance is not explained', () => {
  const params = new Map(
    ['a', 'b', 'c'].map((name, index) => [name, RUNS.map((run) => String(noise(run * 7 + index)))]),
  )
  const found = explain(
    params,
    RUNS.map((run) => noise(run + 5000)),
  )
  expect(found.fit!).toBeLessThan(0.1)
  expect(found.rows.every(({ importance }) => importance === null)).toBe(true)
})

test('few runs give no forest, and say so', () => {
  const found = explain(new Map([['a', ['1', '2', '3', '4']]]), [1, 2, 3, 4])
  expect(found.fit).toBeNull()
  expect(found.rows[0]).toMatchObject({ spearman: null, doubt: 'Too few runs have it.' })
})

test('runs without the metric are left out', () => {
  const metric = [1, null, NaN, 2, 3, 4, 5]
  const found = explain(new Map([['a', ['1', '9', '9', '2', '3', '4', '5']]]), metric)
  expect(found.runs).toBe(5)
  expect(found.rows[0]!.spearman).toBeCloseTo(1)
})

test('a value of its own for each run explains nothing, and that is said', () => {
  const names = RUNS.map((run) => `name ${run}`)
  const found = explain(new Map([['name', names]]), RUNS)
  expect(found.rows[0]!.doubt).toMatch('a value of its own')
})

test('twice the same gives the same', () => {
  const params = new Map([['a', RUNS.map((run) => String(noise(run)))]])
  const metric = RUNS.map((run) => noise(run) * 2)
  expect(explain(params, metric)).toEqual(explain(params, metric))
})
