import { expect, test } from 'vitest'
import { best, difference, differ, matching, moved, rowsOf, smallIsGood, sortedBy } from './compare'

const RUNS = {
  ids: ['a', 'b'],
  total: 2,
  columns: {
    'attributes.status': ['FINISHED', 'FAILED'],
    'tags.`mlflow.user`': ['ann', 'ann'],
    'tags.`mlflow.source.git.commit`': ['123', '456'],
    'tags.`mlflow.runName`': ['x', 'y'],
    'tags.team': ['t', null],
    'metrics.loss': [0.5, 'NaN'],
    'params.lr': ['0.1', '0.1'],
    datasets: [[{ name: 'd', digest: '1', context: 'train' }], null],
  },
}

test('rows stand in their sections, with what differs marked', () => {
  const rows = rowsOf(RUNS).filter(({ section }) => section !== 'run')
  expect(
    rows.map(({ section, label, values, differs }) => [section, label, values, differs]),
  ).toEqual([
    ['params', 'lr', ['0.1', '0.1'], false],
    ['metrics', 'loss', [0.5, NaN], true],
    ['datasets', 'd (train)', ['1', null], true],
    ['code', 'Commit', ['123', '456'], true],
    ['code', 'User', ['ann', 'ann'], false],
    ['tags', 'team', ['t', null], true],
  ])
  expect(rowsOf(RUNS).find(({ label }) => label === 'Status')?.differs).toBe(true)
})

test('NaN is the same as NaN, and nothing is not the same as 0', () => {
  expect(differ([NaN, NaN])).toBe(false)
  expect(differ([null, 0])).toBe(true)
})

test('which end is the good one', () => {
  for (const name of [
    'loss',
    'val/loss',
    'val_loss',
    'valLoss',
    'test.rmse',
    'error',
    'train_time',
  ]) {
    expect(smallIsGood(name), name).toBe(true)
  }
  for (const name of ['accuracy', 'f1', 'runtimes', 'terror', 'closs_ratio']) {
    expect(smallIsGood(name), name).toBe(false)
  }
})

test('the best', () => {
  expect([...best([1, 3, 3, NaN, null], false)]).toEqual([1, 2])
  expect([...best([1, 3], true)]).toEqual([0])
  expect([...best([2, 2], true)]).toEqual([])
  expect([...best([2, null], true)]).toEqual([])
})

test('differences', () => {
  expect(difference(0.52, 0.5)).toBe('+0.02 (+4 %)')
  expect(difference(0.5, 1)).toBe('−0.5 (−50 %)')
  expect(difference(1, 1)).toBe('±0')
  expect(difference(1, 0)).toBe('+1')
  expect(difference(1, -2)).toBe('+3 (+150 %)')
  expect(difference(NaN, 1)).toBe('')
  expect(difference('a', 1)).toBe('')
})

test('search looks at names and values', () => {
  const rows = rowsOf(RUNS)
  expect(matching(rows, 'COMMIT 456').map(({ label }) => label)).toEqual(['Commit'])
  expect(matching(rows, '')).toBe(rows)
})

test('moving', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a'])
  expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b'])
  expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b'])
})

test('sorting, up and then down; what is missing stays at the end', () => {
  const items = ['a', 'b', 'c', 'd']
  expect(sortedBy(items, [3, null, 1, NaN])).toEqual(['c', 'a', 'b', 'd'])
  expect(sortedBy(['c', 'a', 'b'], [1, 3, null])).toEqual(['a', 'c', 'b'])
  expect(sortedBy(items, ['0.1', '1e-3', '5', null])).toEqual(['b', 'a', 'c', 'd'])
  expect(sortedBy(['x', 'y'], ['run 10', 'run 9'])).toEqual(['y', 'x'])
})
