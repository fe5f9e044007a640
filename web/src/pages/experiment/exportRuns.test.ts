import { expect, test } from 'vitest'
import { csvRows, jsonRows } from './exportRuns'

const COLUMNS = ['params.a', 'metrics.m', 'datasets']
const VALUES = {
  'params.a': ['=1+1', '-0.5', null],
  'metrics.m': [1e-7, 'NaN', null],
  datasets: [[{ name: 'x' }], [], null],
}

test('a spreadsheet takes no cell for a formula', () => {
  expect(csvRows(['r1', 'r2', 'r3'], COLUMNS, VALUES)).toBe(
    'r1,\'=1+1,1e-7,"[{""name"":""x""}]"\r\nr2,-0.5,NaN,[]\r\nr3,,,\r\n',
  )
})

test('JSON has an object for each run', () => {
  expect(JSON.parse(`[${jsonRows(['r1', 'r2'], COLUMNS, VALUES)}]`)).toEqual([
    { run_id: 'r1', 'params.a': '=1+1', 'metrics.m': 1e-7, datasets: [{ name: 'x' }] },
    { run_id: 'r2', 'params.a': '-0.5', 'metrics.m': 'NaN', datasets: [] },
  ])
})
