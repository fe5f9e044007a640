import { expect, it } from 'vitest'
import { firstOptions, varyingParams } from './first'

const names = { metrics: ['lr', 'val/loss'], params: ['lr', 'depth', 'epochs'], tags: [] }
const varying = ['params.depth', 'params.lr']

it('takes params that vary among the runs that have them', () => {
  const many = Array.from({ length: 30 }, (_, index) => `s3://somewhere/${index}`)
  expect(
    varyingParams({
      'params.lr': ['0.1', '0.2', null],
      'params.epochs': ['100', '100.0', null],
      'params.depth': ['18', 'nan', '34'],
      'params.kind': ['a', 'a', 'b'],
      'params.same': ['a', null, 'a'],
      'params.path': many,
    }),
  ).toEqual(['params.depth', 'params.lr', 'params.kind'])
})

it.each([
  ['line', { metrics: ['val/loss'] }],
  ['bar', { column: 'metrics.`val/loss`', lowest: true }],
  ['scatter', { x: 'params.depth', y: 'metrics.`val/loss`' }],
  ['box', { by: 'params.lr', value: 'metrics.`val/loss`' }],
  ['contour', { x: 'params.depth', y: 'params.lr', z: 'metrics.`val/loss`' }],
  ['parallel', { axes: ['params.depth', 'params.lr', 'metrics.`val/loss`'] }],
  ['images', {}],
])('%s begins with the likely objective', (kind, options) =>
  expect(firstOptions(kind, names, varying)).toEqual(options),
)

it('chooses nothing where there is nothing to choose', () => {
  expect(firstOptions('bar', { ...names, metrics: [] }, varying)).toEqual({})
  expect(firstOptions('contour', names, ['params.lr'])).toEqual({})
})
