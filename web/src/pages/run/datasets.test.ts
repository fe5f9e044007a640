import { expect, test } from 'vitest'
import { sourceText, summarise } from './datasets'

const set = { name: 'digits', digest: 'ab', source_type: 'http', source: '{"url": "https://a/b"}' }

test('a table', () => {
  const columns = [
    { name: 'x', type: 'double', required: true },
    { name: 'label', type: 'long', required: false },
  ]
  expect(
    summarise({
      dataset: {
        ...set,
        schema: JSON.stringify({ mlflow_colspec: columns }),
        profile: '{"num_rows": 60000, "size": null}',
      },
      tags: [{ key: 'mlflow.data.context', value: 'training' }],
    }),
  ).toEqual({
    name: 'digits',
    digest: 'ab',
    context: 'training',
    sourceType: 'http',
    source: 'https://a/b',
    fields: columns,
    profile: [['rows', '60,000']],
  })
})

test('tensors', () => {
  const features = [{ type: 'tensor', 'tensor-spec': { dtype: 'float32', shape: [-1, 28, 28] } }]
  const schema = { mlflow_tensorspec: { features: JSON.stringify(features), targets: null } }
  expect(summarise({ dataset: { ...set, schema: JSON.stringify(schema) } }).fields).toEqual([
    { name: 'features', type: 'float32 [any × 28 × 28]', required: true },
  ])
})

test.each([
  ['{"uri": "s3://a"}', 's3://a'],
  ['{"path": "user/set", "split": null}', 'user/set'],
  ['{"tags": {"mlflow.source.name": "train.py"}}', 'train.py'],
  ['{"a": 1, "b": null}', 'a: 1'],
  ['anything', 'anything'],
])('the source %s', (source, text) => expect(sourceText(source)).toBe(text))

test('what cannot be read is left out', () => {
  const found = summarise({ dataset: { ...set, schema: '{', profile: '[1]' } })
  expect([found.fields, found.profile]).toEqual([[], []])
})
