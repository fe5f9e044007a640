import { expect, test } from 'vitest'
import {
  accept, both, expected, filterFrom, isQuery, placeIn, suggestions, tokens, type Known,
} from './query' // prettier-ignore

const KNOWN: Known = {
  metrics: ['loss', 'val/loss'],
  params: ['lr', 'optimizer'],
  tags: ['team'],
  values: ['adam', 'sgd'],
}

const offered = (text: string) => suggestions(text, text.length, KNOWN).map((each) => each.text)

test('a text is cut into its pieces', () => {
  const found = tokens("min(metrics.`val/loss`) >= -1.5e3 AND params.x = 'it''s'")
  expect(found.map((token) => token.kind)).toEqual([
    'word', 'mark', 'word', 'mark', 'comparator', 'number', 'keyword', 'word', 'comparator',
    'string',
  ]) // prettier-ignore
  expect(found.at(-1)!.text).toBe("'it''s'")
})

test('a string that is not closed ends with the text', () => {
  expect(tokens("params.a = 'x AND").at(-1)).toMatchObject({ kind: 'string', text: "'x AND" })
})

test.each(['resnet', 'my run in prod', 'is it', 'not', 'a-b (copy)', ''])(
  '%s is a name',
  (text) => {
    expect(isQuery(text)).toBe(false)
  },
)

test.each([
  'metrics.loss', 'loss < 1', "status IN ('FAILED')", 'params.a IS NULL', "name like 'x%'",
  'min(metrics.a', 'NOT (metrics.a > 1)', 'duration BETWEEN 1 AND 2',
])('%s is a query', (text) => {
  expect(isQuery(text)).toBe(true)
}) // prettier-ignore

test('a name becomes a search by name', () => {
  expect(filterFrom(" bob's ")).toBe("attributes.run_name ILIKE '%bob''s%'")
  expect(filterFrom(' metrics.a > 1 ')).toBe('metrics.a > 1')
  expect(filterFrom('  ')).toBe('')
})

test('the place of a mistake is that of the typed text', () => {
  expect(placeIn('  metrics.a >', 11)).toBe(13)
  expect(placeIn('resnet', 3)).toBeNull()
})

test('two filters are joined', () => {
  expect(both('a = 1 OR b = 2', 'c = 3')).toBe('(a = 1 OR b = 2) AND c = 3')
  expect(both('', 'c = 3')).toBe('c = 3')
})

test.each([
  ['', 'name'],
  ['metrics.lo', 'name'],
  ['min(', 'metric'],
  ['min(metrics.a) ', 'operator'],
  ['metrics.loss ', 'operator'],
  ['metrics.loss < ', 'value'],
  ['metrics.loss < 1 ', 'join'],
  ['metrics.loss < 1 AND ', 'name'],
  ["params.a IN ('x', ", 'list'],
  ["params.a IN ('x') ", 'join'],
  ['duration BETWEEN 1 ', 'and'],
  ['duration BETWEEN 1 AND ', 'value'],
  ['duration BETWEEN 1 AND 2 ', 'join'],
  ['params.a IS NOT ', 'null'],
  ['NOT (', 'name'],
])('after "%s" comes %s', (text, wants) => {
  expect(expected(text, text.length).wants).toBe(wants)
})

test('names are completed, also those that need quotes', () => {
  expect(offered('los')).toContain('metrics.loss')
  expect(offered('val/')).toEqual(['metrics.`val/loss`'])
  expect(offered('params.o')).toEqual(['params.optimizer'])
  expect(offered('mi')).toContain('min(')
})

test('operators fit the field', () => {
  expect(offered('metrics.loss ')).not.toContain('LIKE')
  expect(offered('params.lr ')).toContain('LIKE')
})

test('values are completed in quotes', () => {
  expect(offered("status = 'fi")).toEqual(["'FINISHED'"])
  expect(offered('params.optimizer = ')).toEqual(["'adam'", "'sgd'"])
  expect(offered('metrics.loss < ')).toEqual([])
})

test('what is whole is not offered again', () => {
  expect(offered('params.optimizer')).toEqual([])
})

test('a suggestion takes the place of what was begun', () => {
  const text = 'metrics.loss < 1 AND par'
  expect(accept(text, text.length, { text: 'params.lr', about: '' })).toEqual({
    text: 'metrics.loss < 1 AND params.lr ',
    caret: 31,
  })
  expect(accept('mi', 2, { text: 'min(', about: '' }).text).toBe('min(')
  expect(accept('par = 1', 3, { text: 'params.lr', about: '' }).text).toBe('params.lr = 1')
})
