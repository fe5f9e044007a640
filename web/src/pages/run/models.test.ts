import { expect, test } from 'vitest'
import type { RunMessage } from '../../api/schema'
import { modelsOf } from './models'

const run = (more: Partial<RunMessage>) => ({ info: {}, data: {}, ...more }) as RunMessage
const tagged = (value: string) =>
  modelsOf(run({ data: { tags: [{ key: 'mlflow.log-model.history', value }] } }))

test('models made and read', () => {
  const found = modelsOf(
    run({
      outputs: { model_outputs: [{ model_id: 'm-1', step: 3 }] },
      inputs: { model_inputs: [{ model_id: 'm-2' }] },
    }),
  )
  expect(found.map(({ id, made, step }) => [id, made, step])).toEqual([
    ['m-1', true, 3],
    ['m-2', false, null],
  ])
})

test('models that a tag names, the last of each folder', () => {
  const entry = {
    artifact_path: 'model',
    flavors: { python_function: {}, sklearn: {} },
    utc_time_created: '2026-11-20 10:00:00.250000',
    model_uuid: 'x',
  }
  expect(tagged(JSON.stringify([{ ...entry, model_uuid: 'old' }, entry]))).toEqual([
    {
      name: 'model',
      id: 'x',
      path: 'model',
      flavors: ['sklearn'],
      step: null,
      made: true,
      created: Date.UTC(2026, 10, 20, 10),
    },
  ])
})

test.each(['', 'nonsense', '{}', '[null, 1, {"flavors": {}}]'])('no models in %s', (text) =>
  expect(tagged(text)).toEqual([]),
)
