/** The search language as the input understands it: what a text says, and what may come next. */

import { column, columnName, FUNCTIONS, quoteText, type Column } from './columns'

export type TokenKind = 'word' | 'keyword' | 'string' | 'number' | 'comparator' | 'mark' | 'stray'

export interface Token {
  kind: TokenKind
  text: string
  start: number
  end: number
}

const KEYWORDS = new Set(
  ['AND', 'OR', 'NOT', 'IS', 'NULL', 'IN', 'BETWEEN', 'LIKE', 'ILIKE', 'RLIKE'],
) // prettier-ignore
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['mark', /[(),]/y],
  ['number', /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y],
  ['comparator', /[=<>!]+/y],
  ['string', /'(?:[^'\\]|\\.|'')*(?:'|$)/y],
  ['word', /(?:[\w$#]+|`[^`]*`?|"[^"]*"?)(?:\.(?:[\w$#.]+|`[^`]*`?|"[^"]*"?)?)?/y],
  ['stray', /[^\s]/y],
]

/** The pieces of a search text; what stands between them is space. */
export function tokens(text: string): Token[] {
  const found: Token[] = []
  let place = 0
  while (place < text.length) {
    if (/\s/.test(text[place]!)) {
      place++
      continue
    }
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = place
      const match = pattern.exec(text)
      if (!match) continue
      const end = place + match[0].length
      found.push({ kind: precisely(kind, match[0]), text: match[0], start: place, end })
      place = end
      break
    }
  }
  return found
}

function precisely(kind: TokenKind, text: string): TokenKind {
  if (kind !== 'word') return kind
  if (KEYWORDS.has(text.toUpperCase())) return 'keyword'
  // a name in double quotes alone is a value
  return text.startsWith('"') && !text.includes('".') ? 'string' : 'word'
}

const ENTITY = /^\W*(?:attr(?:ibutes?)?|run|metrics?|param(?:eter)?s?|tags?|datasets?)\./i
const CALL = new RegExp(`^\\W*(?:not\\s*)?(?:${FUNCTIONS.join('|')}|at)\\s*\\(`, 'i')

/** Whether a text is meant as a query; any other is a part of a name. */
export function isQuery(text: string): boolean {
  if (ENTITY.test(text) || CALL.test(text)) return true
  const all = tokens(text)
  return all.some((token, index) => {
    const next = all[index + 1]
    const word = token.kind === 'keyword' ? token.text.toUpperCase() : ''
    if (token.kind === 'comparator') return true
    if (['LIKE', 'ILIKE', 'RLIKE'].includes(word)) return next?.kind === 'string'
    if (word === 'BETWEEN') return next?.kind === 'number' || next?.kind === 'string'
    if (word === 'IN') return next?.text === '('
    return word === 'IS' && /^(NOT|NULL)$/i.test(next?.text ?? '')
  })
}

/** The filter that a text stands for: itself, or a search for runs by their names. */
export function filterFrom(text: string): string {
  const plain = text.trim()
  if (plain === '') return ''
  return isQuery(plain) ? plain : `attributes.run_name ILIKE ${quoteText(`%${plain}%`)}`
}

/** Where the mistake of a filter is in the text that was typed; null when that was no query. */
export function placeIn(text: string, position: number | null): number | null {
  if (position === null || !isQuery(text.trim())) return null
  return text.length - text.trimStart().length + position
}

/** A filter that demands two things. */
export function both(first: string, second: string): string {
  if (!first || !second) return first || second
  return `(${first}) AND ${second}`
}

export type Wants = 'name' | 'metric' | 'operator' | 'null' | 'value' | 'list' | 'and' | 'join'

/** What a query lacks at some place: there, `text.slice(from, caret)` is what was begun. */
export interface Expected {
  wants: Wants
  from: number
  /** the field that is compared, once there is one */
  field: Column | null
}

const BEGUN = /[^\s()=<>!,']*$/

/** Where the piece begins that is being typed at the end of a text. */
function begun(before: string): number {
  const last = tokens(before).at(-1)
  const open = last?.kind === 'string' && !/^'.*'$|^".*"$/s.test(last.text)
  return open ? last.start : before.length - BEGUN.exec(before)![0].length
}

/** What may be typed at the caret. */
export function expected(text: string, caret: number): Expected {
  const from = begun(text.slice(0, caret))
  let wants: Wants = 'name'
  let field: Column | null = null
  let low = false
  for (const token of tokens(text.slice(0, from))) {
    const word = token.text.toUpperCase()
    if (wants === 'name' && token.kind === 'word') {
      const call = /^\s*\(/.test(text.slice(token.end, from))
      field = call ? null : fieldOf(token.text)
      wants = call ? 'metric' : 'operator'
    } else if (wants === 'metric' && token.kind === 'word') {
      field = fieldOf(token.text)
    } else if (wants === 'metric' && token.text === ')') wants = 'operator'
    else if (wants === 'operator') {
      if (token.kind === 'comparator' || word.endsWith('LIKE')) wants = 'value'
      else if (word === 'IS') wants = 'null'
      else if (word === 'IN') wants = 'list'
      else if (word === 'BETWEEN') [wants, low] = ['value', true]
    } else if (wants === 'null' && word === 'NULL') wants = 'join'
    else if (wants === 'value' && (token.kind === 'string' || token.kind === 'number')) {
      wants = low ? 'and' : 'join'
      low = false
    } else if (wants === 'list' && token.text === ')') wants = 'join'
    else if (wants === 'and' && word === 'AND') wants = 'value'
    else if (wants === 'join' && (word === 'AND' || word === 'OR')) wants = 'name'
  }
  return { wants, from, field }
}

function fieldOf(text: string): Column {
  const cut = text.indexOf('.')
  if (cut < 0) return column(`attributes.${text.replace(/[`"]/g, '')}`)
  const word = text.slice(0, cut).toLowerCase()
  const entity = word.startsWith('metric')
    ? 'metrics'
    : word.startsWith('param')
      ? 'params'
      : word.startsWith('tag')
        ? 'tags'
        : word.startsWith('dataset')
          ? 'datasets'
          : 'attributes'
  return column(`${entity}${text.slice(cut)}`)
}

/** Something that can be put into the text. */
export interface Suggestion {
  text: string
  about: string
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  run_name: 'name',
  status: 'RUNNING, FINISHED, FAILED, …',
  start_time: 'milliseconds since 1970',
  end_time: 'milliseconds since 1970',
  duration: 'milliseconds',
  user_id: 'who started it',
  run_id: 'id',
  experiment_id: 'experiment',
  artifact_uri: 'where its files are',
  lifecycle_stage: 'active or deleted',
}
const NUMBERS = ['=', '!=', '<', '<=', '>', '>=', 'BETWEEN', 'IN', 'IS NULL', 'IS NOT NULL']
const TEXTS = [
  '=', '!=', 'LIKE', 'ILIKE', 'RLIKE', 'IN', 'NOT IN', 'NOT LIKE', 'IS NULL', 'IS NOT NULL',
] // prettier-ignore
const NUMERIC = new Set(['start_time', 'end_time', 'duration'])
const VALUES: Readonly<Record<string, readonly string[]>> = {
  status: ['RUNNING', 'FINISHED', 'FAILED', 'KILLED', 'SCHEDULED'],
  lifecycle_stage: ['active', 'deleted'],
}

export interface Known {
  metrics: readonly string[]
  params: readonly string[]
  tags: readonly string[]
  /** values that the field has, where they are known */
  values: readonly string[]
}

/** What fits at the caret, the likeliest first. */
export function suggestions(text: string, caret: number, known: Known, most = 12): Suggestion[] {
  const { wants, from, field } = expected(text, caret)
  const typed = text.slice(from, caret).toLowerCase().replace(/[`"']/g, '')
  const all = candidates(wants, field, known)
  const rank = (each: Suggestion) => {
    const plain = each.text.toLowerCase().replace(/[`"']/g, '')
    if (plain.startsWith(typed)) return 0
    return plain.includes(`.${typed}`) ? 1 : plain.includes(typed) ? 2 : 3
  }
  const fitting = all
    .map((each) => [rank(each), each] as const)
    .filter(([order]) => order < 3)
    .sort((a, b) => a[0] - b[0])
    .map(([, each]) => each)
  const done = fitting.length === 1 && fitting[0]!.text.toLowerCase() === typed
  return done ? [] : fitting.slice(0, most)
}

function candidates(wants: Wants, field: Column | null, known: Known): Suggestion[] {
  if (wants === 'name') return names(known)
  if (wants === 'metric') return known.metrics.map((key) => named('metrics', key, 'metric'))
  if (wants === 'operator') return (isNumeric(field) ? NUMBERS : TEXTS).map(bare)
  if (wants === 'null') return ['NULL', 'NOT NULL'].map(bare)
  if (wants === 'and') return [bare('AND')]
  if (wants === 'join') return [bare('AND'), bare('OR')]
  if (isNumeric(field)) return []
  return (VALUES[field?.key ?? ''] ?? known.values).map((value) => bare(quoteText(value)))
}

function names(known: Known): Suggestion[] {
  return [
    ...known.metrics.map((key) => named('metrics', key, 'metric')),
    ...known.params.map((key) => named('params', key, 'param')),
    ...Object.entries(ATTRIBUTES).map(([key, about]) => ({ text: `attributes.${key}`, about })),
    ...known.tags.map((key) => named('tags', key, 'tag')),
    ...FUNCTIONS.map((name) => ({ text: `${name}(`, about: 'of all values of a metric' })),
    ...['name', 'digest', 'context'].map((key) => ({ text: `datasets.${key}`, about: 'data set' })),
    { text: 'NOT', about: '' },
  ]
}

function named(kind: 'metrics' | 'params' | 'tags', key: string, about: string): Suggestion {
  return { text: columnName(kind, key), about }
}

function bare(text: string): Suggestion {
  return { text, about: '' }
}

/** Whether a field is compared with numbers. */
export function isNumeric(field: Column | null): boolean {
  return field !== null && (field.kind === 'metrics' || NUMERIC.has(field.key))
}

/** The text with a suggestion in place of what was begun, and where the caret is then. */
export function accept(
  text: string,
  caret: number,
  suggestion: Suggestion,
): { text: string; caret: number } {
  const { from } = expected(text, caret)
  const after = text.slice(caret).replace(/^[\w.`"']+/, '')
  const space = suggestion.text.endsWith('(') || after.startsWith(' ') ? '' : ' '
  const head = text.slice(0, from) + suggestion.text + space
  return { text: head + after, caret: head.length }
}
