import { expect, test } from 'vitest'
import { clauses, hasClause, toggleClause } from './clauses'

const DAY = "attributes.start_time > '1 day ago'"
const WEEK = "attributes.start_time > '7 days ago'"
const AGO = /^attributes\.start_time > '\d+ \w+ ago'$/

test('parts are told apart', () => {
  expect(clauses('')).toEqual([])
  expect(clauses("params.a = 'x AND y' and metrics.m BETWEEN 1 AND 2 AND tags.t = '1'")).toEqual([
    "params.a = 'x AND y'",
    'metrics.m BETWEEN 1 AND 2',
    "tags.t = '1'",
  ])
  expect(clauses("a = '1' OR b = '2' AND c = '3'")).toEqual(["a = '1' OR b = '2' AND c = '3'"])
  expect(clauses("(a = '1' OR b = '2') AND c = '3'")).toEqual(["(a = '1' OR b = '2')", "c = '3'"])
})

test('a part is added, replaced and taken back', () => {
  expect(toggleClause('', DAY, AGO)).toBe(DAY)
  expect(toggleClause(DAY, WEEK, AGO)).toBe(WEEK)
  expect(toggleClause(WEEK, WEEK, AGO)).toBe('')
  expect(toggleClause(`metrics.loss < 1 AND ${DAY}`, WEEK, AGO)).toBe(
    `metrics.loss < 1 AND ${WEEK}`,
  )
  expect(hasClause(`metrics.loss < 1 AND ${DAY}`, DAY)).toBe(true)
})

test('what says OR keeps its meaning', () => {
  const either = "params.a = '1' OR params.a = '2'"
  const both = toggleClause(either, DAY, AGO)
  expect(both).toBe(`(${either}) AND ${DAY}`)
  expect(toggleClause(both, DAY, AGO)).toBe(`(${either})`)
})
