import { expect, test } from 'vitest'
import { logSnippet, searchSnippet } from './snippets'

test('names are quoted as Python does', () => {
  expect(logSnippet('http://host:5000', 'a "b" \\ c')).toContain(
    'mlflow.set_experiment("a \\"b\\" \\\\ c")',
  )
})

test('a search says what is not usual, and nothing else', () => {
  const question = {
    experimentIds: ['1'],
    filter: '',
    order: '',
    lifecycle: 'ACTIVE_ONLY',
  } as const
  expect(searchSnippet('http://host', question)).toBe(`import mlflow

mlflow.set_tracking_uri("http://host")
runs = mlflow.search_runs(
    experiment_ids=["1"],
)`)
  const more = {
    ...question,
    filter: "params.a = 'x'",
    order: 'metrics.loss DESC',
    lifecycle: 'ALL',
  } as const
  const text = searchSnippet('http://host', more)
  expect(text).toContain(`filter_string="params.a = 'x'"`)
  expect(text).toContain('order_by=["metrics.loss DESC"]')
  expect(text).toContain('ViewType.ALL')
})
