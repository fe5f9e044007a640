import { describe, expect, it } from 'vitest'
import type { ChartSpec } from '../../state/view'
import {
  arranged,
  matches,
  moved,
  ownCharts,
  readAll,
  sections,
  withChanged,
  withChart,
  withMoved,
  withoutChart,
  writeAll,
} from './arrange'

const names = { metrics: ['acc', 'train/loss', 'system/cpu'], params: ['lr', 'a b'], tags: [] }
const varying = ['params.lr', 'params.`a b`']
const own = ownCharts(names, [], 1)
const ids = (charts: ChartSpec[] | null) => arranged(charts, own).map(({ spec }) => spec.id)
const shows = (spec: ChartSpec) => (spec.options.metrics as string[]) ?? []

describe("the grid's own choice", () => {
  it('is a line chart for each metric', () => {
    expect(ids(null)).toEqual(['metric:acc', 'metric:train/loss', 'metric:system/cpu'])
  })

  it('adds the params when they vary over enough runs', () => {
    const charts = ownCharts(names, varying, 3)
    expect(charts.at(-1)).toMatchObject({
      kind: 'parallel',
      options: { axes: ['params.lr', 'params.`a b`', 'metrics.acc'] },
    })
    expect(ownCharts(names, varying, 2)).toHaveLength(3)
    expect(ownCharts({ ...names, metrics: [] }, varying, 9)).toEqual([])
  })

  it('stays the choice while settings of all charts change', () => {
    const charts = writeAll(null, { smoothing: 0.6 })
    expect(readAll(charts)).toMatchObject({ smoothing: 0.6, own: true, x: 'step' })
    expect(ids(charts)).toEqual(ids(null))
    expect(writeAll(charts, { smoothing: 0 })).toBeNull()
    expect(readAll(writeAll(null, { find: 'loss' }))).toMatchObject({ find: 'loss', own: true })
  })
})

describe('charts that the user changes', () => {
  const zoomed: ChartSpec = {
    id: 'metric:acc',
    kind: 'line',
    options: { metrics: ['acc'], xRange: [1, 2] },
  }

  it('stand in their own place, without all others in the address', () => {
    const charts = withChanged(null, zoomed, own)
    expect(charts).toHaveLength(2)
    expect(arranged(charts, own)[0]!.spec).toEqual(zoomed)
    expect(ids(charts)).toEqual(ids(null))
    expect(withChanged(charts, own[0]!, own)).toBeNull()
  })

  it('come first when they are new, or behind the one they copy', () => {
    const added = withChart(null, { id: 'x', kind: 'bar', options: {} })
    expect(ids(added)[0]).toBe('x')
    const copied = withChart(added, { id: 'y', kind: 'bar', options: {} }, 'x')
    expect(ids(copied).slice(0, 2)).toEqual(['x', 'y'])
  })

  it('can be removed, and stay removed', () => {
    const charts = withoutChart(null, { spec: own[1]!, own: true })
    expect(ids(charts)).toEqual(['metric:acc', 'metric:system/cpu'])
    const only: ChartSpec[] = [{ id: 'x', kind: 'bar', options: {} }]
    expect(withoutChart(only, { spec: only[0]!, own: false })).toEqual([])
  })

  it('can be moved, and new metrics still appear', () => {
    const charts = withMoved(null, ids(null), 'metric:system/cpu', 0)
    expect(ids(charts)[0]).toBe('metric:system/cpu')
    const more = ownCharts({ ...names, metrics: [...names.metrics, 'new'] }, [], 1)
    expect(arranged(charts, more).map(({ spec }) => spec.id)).toContain('metric:new')
    expect(moved(['a', 'b', 'c'], 0, 9)).toEqual(['b', 'c', 'a'])
  })

  it('are all there is when the list says nothing of others', () => {
    expect(ids([{ id: 'x', kind: 'bar', options: {} }])).toEqual(['x'])
    expect(ids([])).toEqual([])
  })
})

describe('sections', () => {
  const found = (metrics: string[]) =>
    sections(arranged(null, ownCharts({ ...names, metrics }, [], 1)), shows)
  const many = (folder: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${folder}/m${index}`)

  it('are not made of a few charts, but for those of the system', () => {
    const metrics = ['acc', ...many('train', 5), ...many('val', 6), ...many('system', 20)]
    expect(found(metrics).map(({ name, charts }) => [name, charts.length])).toEqual([
      ['', 12],
      ['system', 20],
    ])
  })

  it('are the folders of many metrics; one that is alone joins those of none', () => {
    const metrics = ['acc', ...many('val', 6), ...many('train', 7), 'test/acc', 'system/cpu']
    expect(found(metrics).map(({ name, charts }) => [name, charts.length])).toEqual([
      ['', 2],
      ['train', 7],
      ['val', 6],
      ['system', 1],
    ])
  })
})

it('finds charts by all words of a search', () => {
  expect(matches('', [])).toBe(true)
  expect(matches('LOSS train', ['Loss', 'train/loss'])).toBe(true)
  expect(matches('loss val', ['train/loss'])).toBe(false)
})
