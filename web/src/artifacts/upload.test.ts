import { expect, test } from 'vitest'
import { refusal, target } from './upload'

test('what this server keeps is sent to where it is kept', () => {
  expect(target('mlflow-artifacts:/1/abc/artifacts', 'abc', 'a b/ö.txt')).toEqual([
    'PUT',
    'ajax-api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts/a%20b/%C3%B6.txt',
  ])
})

test.each(['s3://bucket/x', '/mnt/models', 'mlflow-artifacts://elsewhere:5000/1/abc'])(
  'what is kept elsewhere goes through the run: %s',
  (root) => {
    expect(target(root, 'abc', 'a/b')).toEqual([
      'POST',
      'ajax-api/2.0/mlflow/upload-artifact?run_uuid=abc&path=a%2Fb',
    ])
    expect(refusal(root, 11_000_000)).toMatch('log_artifact')
    expect(refusal(root, 1)).toBeNull()
  },
)

test('there is no limit for what this server keeps', () => {
  expect(refusal('mlflow-artifacts:/1/abc', 1e12)).toBeNull()
})
