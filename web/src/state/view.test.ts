import { expect, test } from 'vitest'
import { decodeView, EMPTY_VIEW, encodeView, type View } from './view'

function roundTrip(view: View): View {
  const params = Object.entries(encodeView(view)).filter(([, value]) => value !== null)
  return decodeView(new URLSearchParams(params as [string, string][]))
}

test('a view that says nothing takes no room', () => {
  expect(Object.values(encodeView(EMPTY_VIEW)).every((value) => value === null)).toBe(true)
  expect(decodeView(new URLSearchParams())).toEqual(EMPTY_VIEW)
})

test('every field comes back', () => {
  const view: View = {
    also: ['2'],
    filter: "params.lr = '0.1' AND metrics.`val/loss` < 0.5",
    order: 'metrics.loss DESC',
    lifecycle: 'ALL',
    columns: [],
    pinned: ['metrics.loss'],
    widths: { 'metrics.loss': 120 },
    differ: true,
    group: ['params.lr'],
    tree: true,
    unfolded: ['a,b', '{"x":1}'],
    selected: ['0123'],
    hidden: ['4567'],
    layout: 'split',
    chartRuns: 'matching',
    charts: [{ id: 'a', kind: 'line', options: { metrics: ['loss'] } }],
    chartGroup: 'params.lr',
    chartColour: 'params.model',
    chartDash: 'tags.x',
  }
  expect(roundTrip(view)).toEqual(view)
})

test.each([
  'columns=1',
  'columns={"a":1}',
  'columns=nonsense',
  'charts=[{}]',
  'widths={"a":"b"}',
  'tree=7',
])('what cannot be read is left out: %s', (text) =>
  expect(decodeView(new URLSearchParams(text))).toEqual(EMPTY_VIEW),
)
