import { expect, test } from 'vitest'
import { column } from '../lib/columns'
import { between, clampWidth, layOut, moved, NAME, titleOf, usualColumns } from './layout'

test('pinned columns stand first, and the name before all', () => {
  const layout = layOut(['metrics.a', NAME, 'metrics.b'], ['metrics.b'], { 'metrics.a': 100 })
  expect(layout.pinned.map((each) => each.name)).toEqual([NAME, 'metrics.b'])
  expect(layout.loose.map((each) => [each.name, each.width])).toEqual([['metrics.a', 100]])
  expect(layout.loose[0]!.left).toBe(layout.pinnedWidth)
})

test('only columns between the edges are drawn', () => {
  const names = Array.from({ length: 300 }, (_, index) => `metrics.m${index}`)
  const widths = Object.fromEntries(names.map((name) => [name, 100]))
  const layout = layOut(names, [], widths)
  expect(between(layout, 0, 250)).toEqual([0, 3])
  expect(between(layout, 1050, 1250)).toEqual([10, 13])
  expect(between(layout, 40_000, 41_000)).toEqual([300, 300])
})

test('widths stay within reason', () => {
  expect(clampWidth(3)).toBe(48)
  expect(clampWidth(99_999)).toBe(1200)
  expect(clampWidth(120.4)).toBe(120)
})

test('columns have titles that people read', () => {
  expect(titleOf(column('attributes.start_time'))).toBe('Created')
  expect(titleOf(column('min(metrics.`val/loss`)'))).toBe('min val/loss')
  expect(titleOf(column('metrics.loss'))).toBe('loss')
  expect(titleOf(column('tags.`mlflow.source.name`'))).toBe('Source')
})

test('a metric and a param of the same name are told apart', () => {
  const { loose } = layOut(['metrics.lr', 'params.lr', 'params.seed'], [], {})
  expect(loose.map((each) => each.title)).toEqual(['lr (metric)', 'lr (param)', 'seed'])
})

test('an item is moved to another place', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 2, -1)).toEqual(['c', 'a', 'b'])
})

test('system metrics are not among the first columns', () => {
  const names = usualColumns(['metrics.loss', 'metrics.`system/cpu`'], ['params.lr'])
  expect(names.slice(6)).toEqual(['metrics.loss', 'params.lr'])
})

test('results come first where there is little room', () => {
  const names = usualColumns(['metrics.loss'], ['params.lr'], { narrow: true })
  expect(names.slice(3, 5)).toEqual(['metrics.loss', 'params.lr'])
  expect([...names].sort()).toEqual([...usualColumns(['metrics.loss'], ['params.lr'])].sort())
})

test('runs of several experiments say which they belong to', () => {
  expect(usualColumns([], [], { several: true })[3]).toBe('attributes.experiment_id')
})

test('groups show their results, and not once more what they are grouped by', () => {
  const names = usualColumns(['metrics.loss'], ['params.lr', 'params.k'], { group: ['params.k'] })
  expect(names.slice(0, 3)).toEqual([NAME, 'metrics.loss', 'params.lr'])
  expect(names).not.toContain('params.k')
})
