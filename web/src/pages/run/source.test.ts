import { expect, test } from 'vitest'
import { commandsAgain, fetchSnippet, shellWord, sourceOf } from './source'

const at = { server: 'http://host:5000', runId: 'abc', hasDiff: false }
const source = (tags: Record<string, string>) => sourceOf(new Map(Object.entries(tags)))

test('a script in a repository', () => {
  const found = source({
    'mlflow.source.name': 'train it.py',
    'mlflow.source.type': 'LOCAL',
    'mlflow.source.git.commit': '9f2c',
    'mlflow.source.git.repoURL': 'git@github.com:team/digits.git',
  })
  expect(found.commitLink).toBe('https://github.com/team/digits/commit/9f2c')
  expect(commandsAgain(found, [], { ...at, hasDiff: true })).toBe(
    [
      'git clone git@github.com:team/digits.git',
      'cd digits',
      'git checkout 9f2c',
      'export MLFLOW_TRACKING_URI=http://host:5000',
      '# the changes that were not committed',
      'mlflow artifacts download --run-id abc --artifact-path git/diff.patch --dst-path .',
      'git apply diff.patch',
      "python 'train it.py'",
    ].join('\n'),
  )
})

test('a project with its params', () => {
  const found = source({
    'mlflow.source.name': 'https://example.org/team/project',
    'mlflow.source.type': 'PROJECT',
    'mlflow.source.git.commit': '9f2c',
    'mlflow.project.entryPoint': 'main',
  })
  expect(found.commitLink).toBeNull()
  expect(commandsAgain(found, [{ key: 'rate', value: "it's" }], at)).toBe(
    [
      'export MLFLOW_TRACKING_URI=http://host:5000',
      'mlflow run https://example.org/team/project --version 9f2c --entry-point main \\',
      "  -P 'rate=it'\\''s'",
    ].join('\n'),
  )
})

test('a console leaves nothing to do again', () => {
  const found = source({ 'mlflow.source.name': '<console>', 'mlflow.source.type': 'LOCAL' })
  expect(commandsAgain(found, [], at)).toBe('')
})

test.each([
  ['https://gitlab.com/a/b/c.git', 'https://gitlab.com/a/b/c/-/commit/1'],
  ['https://bitbucket.org/a/b', 'https://bitbucket.org/a/b/commits/1'],
  ['https://git.example.org/a/b', null],
  ['https://github.com@evil.org/a/b', null],
  ['/home/ada/digits', null],
])('the commit of %s', (repository, link) => {
  const tags = { 'mlflow.source.git.repoURL': repository, 'mlflow.source.git.commit': '1' }
  expect(source(tags).commitLink).toBe(link)
})

test('words of a shell', () => {
  expect(shellWord('a/b-c_1.py')).toBe('a/b-c_1.py')
  expect(shellWord('$(rm)')).toBe("'$(rm)'")
  expect(shellWord('')).toBe("''")
})

test('a program that reads the run', () => {
  expect(fetchSnippet('http://host', 'abc', 'a "b"', true)).toBe(
    `import mlflow

mlflow.set_tracking_uri("http://host")
run = mlflow.get_run("abc")
print(run.data.params)

client = mlflow.MlflowClient()
points = client.get_metric_history(run.info.run_id, "a \\"b\\"")`,
  )
})
