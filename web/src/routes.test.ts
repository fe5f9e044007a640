import { expect, test } from 'vitest'
import { match } from './routes'

test('names in the path are handed to the page', () => {
  expect(match('/experiments/7/runs/a%20b/artifacts/x/y')?.names).toEqual({
    experimentId: '7',
    runId: 'a b',
    tab: 'artifacts',
    rest: 'x/y',
  })
})

test.each(['/nothing', '/experiments/%E0%A4%A', '/experiments/1/2'])('%s is no page', (path) =>
  expect(match(path)).toBe(null),
)
