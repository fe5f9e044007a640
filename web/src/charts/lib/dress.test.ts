import { describe, expect, it } from 'vitest'
import { dressed } from './dress'

const runs = {
  ids: ['a', 'b', 'c'],
  total: 3,
  columns: {
    'attributes.run_name': ['one', '', 'three'],
    'attributes.experiment_id': ['1', '1', '1'],
    'attributes.start_time': [1, 2, 3],
    'params.opt': ['sgd', 'adam', 'sgd'],
  },
}
const none = { group: '', colour: '', dash: '' }

describe('the looks of runs', () => {
  it('differ, and do not change when others are hidden', () => {
    const all = dressed(runs, none, new Set())
    expect(new Set(all.runs.map((run) => run.colour)).size).toBe(3)
    expect(all.runs.map((run) => run.name)).toEqual(['one', 'b', 'three'])
    const some = dressed(runs, none, new Set(['a']))
    expect(some.runs).toEqual(all.runs.slice(1))
  })

  it('follow a column', () => {
    const by = dressed(runs, { ...none, colour: 'params.opt', dash: 'params.opt' }, new Set())
    const [a, b, c] = by.runs
    expect(a!.colour).toBe(c!.colour)
    expect(a!.colour).not.toBe(b!.colour)
    expect(a!.dash).not.toEqual(b!.dash)
    expect(by.key.map(({ entries }) => entries.map((entry) => entry.label))).toEqual([
      ['adam', 'sgd'],
      ['adam', 'sgd'],
    ])
    expect(by.key[0]!.entries[1]!.colour).toBe(a!.colour)
  })

  it('are those of groups, one colour each', () => {
    const grouped = dressed(runs, { ...none, group: 'params.opt' }, new Set()).runs
    expect(grouped.map((run) => run.group)).toEqual(['opt = sgd', 'opt = adam', 'opt = sgd'])
    expect(grouped[0]!.colour).toBe(grouped[2]!.colour)
    expect(grouped[0]!.colour).not.toBe(grouped[1]!.colour)
  })

  it('are shades for many numbers', () => {
    const many = {
      ...runs,
      ids: Array.from({ length: 20 }, (_, index) => `r${index}`),
      columns: { 'metrics.loss': Array.from({ length: 20 }, (_, index) => index) },
    }
    const by = dressed(many, { ...none, colour: 'metrics.loss' }, new Set())
    expect(by.key[0]!.values).not.toBeNull()
    expect(new Set(by.runs.map((run) => run.colour)).size).toBe(20)
  })
})

it('does not give a group the look of one of its runs', () => {
  const by = dressed(
    { ...runs, columns: { ...runs.columns, 'params.lr': ['1', '2', '3'] } },
    { group: 'params.opt', colour: 'params.lr', dash: 'params.lr' },
    new Set(),
  )
  expect(by.key).toEqual([])
  expect(by.runs.every((run) => run.dash.length === 0)).toBe(true)
  expect(by.runs[0]!.colour).toBe(by.runs[2]!.colour)
})
