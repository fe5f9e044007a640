import hljs from 'highlight.js/lib/core'
import python from 'highlight.js/lib/languages/python'
import { expect, test } from 'vitest'
import { linesOf, plainLines } from './tokens'

hljs.registerLanguage('python', python)

function textOf(lines: { text: string }[][]): string {
  return lines.map((line) => line.map((token) => token.text).join('')).join('\n')
}

test('what is highlighted is the same text', () => {
  const code = 'def f(a):\n    """<b>doc</b>\n    & more"""\n    return f"{a}" < \'x\' # end\n\n'
  const lines = linesOf(hljs.highlight(code, { language: 'python' }).value)
  expect(textOf(lines)).toBe(code)
  expect(lines[0]![0]).toEqual({ kind: 'keyword', text: 'def' })
})

test('a token over several lines keeps its kind', () => {
  const lines = linesOf(hljs.highlight('"""a\nb"""', { language: 'python' }).value)
  expect(lines.map((line) => line.map((token) => token.kind))).toEqual([['string'], ['string']])
})

test('plain text has a line per line', () => {
  expect(plainLines('a\n\nb')).toEqual([[{ kind: '', text: 'a' }], [], [{ kind: '', text: 'b' }]])
})
