import { expect, test } from 'vitest'
import { readState, writeState, type CompareState } from './state'

function written(state: Partial<CompareState>): URLSearchParams {
  const params = Object.entries(writeState(state)).filter(([, value]) => value !== null)
  return new URLSearchParams(params as [string, string][])
}

test('every field comes back', () => {
  const state: CompareState = {
    ids: ['a', 'b'],
    experimentIds: ['1'],
    tab: 'explain',
    baseline: 'b',
    differ: true,
    of: 'min',
    folded: ['tags'],
    flipped: ['val/loss'],
    metric: 'loss',
    param: 'lr, or so',
    left: 'a',
    right: 'b',
    path: 'x/y.json',
  }
  expect(readState(written(state))).toEqual(state)
})

test("links of MLflow's UI are understood", () => {
  const state = readState(new URLSearchParams('runs=["a","b","a"]&experiments=["0"]'))
  expect(state).toMatchObject({ ids: ['a', 'b'], experimentIds: ['0'], tab: 'values', of: 'last' })
})

test('what cannot be read is as usual', () => {
  const state = readState(new URLSearchParams('runs=a,b&tab=nonsense&of=median&experiments=7'))
  expect(state).toMatchObject({ ids: ['a', 'b'], tab: 'values', of: 'last', experimentIds: ['7'] })
})

test('what is as usual takes no room', () => {
  const usual: Partial<CompareState> = {
    tab: 'values',
    of: 'last',
    differ: false,
    folded: [],
    baseline: '',
  }
  expect([...written(usual)]).toEqual([])
})
