import { expect, test } from 'vitest'
import { readModel } from './mlmodel'

test('flavors, signature and facts', () => {
  const found = readModel({
    run_id: 'abc',
    model_size_bytes: 12,
    flavors: { sklearn: { pickled_model: 'model.pkl', code: null } },
    signature: {
      inputs:
        '[{"type": "double", "name": "x", "required": false}, {"type": "array", "items": {"type": "string"}, "name": "y"}]',
      outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]',
      params: null,
    },
  })
  expect(found?.facts).toEqual([
    ['Run', 'abc'],
    ['Bytes', '12'],
  ])
  expect(found?.flavors).toEqual([{ name: 'sklearn', facts: [['pickled_model', 'model.pkl']] }])
  expect(found?.signature).toEqual([
    {
      label: 'Inputs',
      fields: [
        { name: 'x', type: 'double', required: false },
        { name: 'y', type: 'list of string', required: true },
      ],
    },
    { label: 'Outputs', fields: [{ name: '#1', type: 'int64 [-1]', required: true }] },
  ])
})

test.each([null, 'x', [], {}, { flavors: 'x' }])('what is no model: %j', (value) => {
  expect(readModel(value)).toBeNull()
})
