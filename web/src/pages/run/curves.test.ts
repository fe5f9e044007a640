import { expect, test } from 'vitest'
import { curvesFirst } from './curves'

const metric = (key: string, step: number) => ({ key, step, value: 1, timestamp: 0 })
const singles = Array.from({ length: 30 }, (_, index) => metric(`class ${index}`, 0))

test('curves come without a crowd of single values', () => {
  const charts = curvesFirst([...singles, metric('loss', 9), metric('system/cpu', 9)])
  expect(charts?.map((chart) => chart.options)).toEqual([{ metrics: ['loss'] }])
})

test('all are shown where they are few, alike, or no curves', () => {
  expect(curvesFirst([metric('loss', 9), metric('f1', 0)])).toBeNull()
  expect(curvesFirst(singles)).toBeNull()
  expect(curvesFirst(singles.map(({ key }) => metric(key, 9)))).toBeNull()
})
