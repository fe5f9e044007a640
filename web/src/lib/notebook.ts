/** Notebooks of Jupyter (nbformat 3 and 4), as far as they are shown. */

export type Output =
  | { kind: 'text'; text: string; bad: boolean }
  | { kind: 'image'; type: string; base64: string }
  | { kind: 'drawing'; svg: string }
  | { kind: 'page'; html: string }
  | { kind: 'markdown'; text: string }
  | { kind: 'json'; value: unknown }

export interface NotebookCell {
  kind: 'markdown' | 'code' | 'raw'
  text: string
  /** the number in brackets */
  count: number | null
  outputs: Output[]
}

export interface NotebookContent {
  language: string
  cells: NotebookCell[]
}

type Given = Record<string, unknown>

function object(value: unknown): Given {
  return typeof value === 'object' && value !== null ? (value as Given) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** Notebooks keep texts as lists of lines. */
function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join('')
  return typeof value === 'string' ? value : ''
}

/** Colours and movements of terminals. */
// oxlint-disable-next-line no-control-regex
const TERMINAL = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007/g

export function readNotebook(value: unknown): NotebookContent | null {
  const given = object(value)
  const cells = Array.isArray(given.cells)
    ? given.cells
    : list(given.worksheets).flatMap((sheet) => list(object(sheet).cells))
  if (cells.length === 0 && !Array.isArray(given.cells)) return null
  const metadata = object(given.metadata)
  const language = text(object(metadata.language_info).name) || text(metadata.language)
  return { language: language || 'python', cells: cells.map(cell) }
}

function cell(value: unknown): NotebookCell {
  const given = object(value)
  const type = text(given.cell_type)
  const level = typeof given.level === 'number' ? given.level : 1
  const source = withAttachments(text(given.source ?? given.input), object(given.attachments))
  const number = given.execution_count ?? given.prompt_number
  return {
    kind: type === 'code' ? 'code' : type === 'raw' ? 'raw' : 'markdown',
    text: type === 'heading' ? `${'#'.repeat(level)} ${source}` : source,
    count: typeof number === 'number' ? number : null,
    outputs: list(given.outputs).flatMap((each) => output(object(each))),
  }
}

/** Pictures that a cell brings along stand in its text as `attachment:name`. */
function withAttachments(source: string, attachments: Given): string {
  return source.replace(/attachment:([^)\s"']+)/g, (whole, name: string) => {
    const data = object(attachments[name] ?? attachments[name.replaceAll('%20', ' ')])
    const type = IMAGES.find((each) => data[each])
    return type ? `data:${type};base64,${text(data[type]).replace(/\s/g, '')}` : whole
  })
}

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']

function output(given: Given): Output[] {
  const kind = text(given.output_type)
  if (kind === 'stream') {
    const shown = text(given.text).replace(TERMINAL, '')
    return [{ kind: 'text', text: shown, bad: given.name === 'stderr' }]
  }
  if (kind === 'error' || kind === 'pyerr') {
    const trace = list(given.traceback).map(text).join('\n').replace(TERMINAL, '')
    return [
      { kind: 'text', text: trace || `${text(given.ename)}: ${text(given.evalue)}`, bad: true },
    ]
  }
  const data = given.data ? object(given.data) : given
  // the richest kind first, as Jupyter does
  for (const type of IMAGES) {
    const base64 = text(data[type] ?? data[type.slice(6)])
    if (base64) return [{ kind: 'image', type, base64: base64.replace(/\s/g, '') }]
  }
  const svg = text(data['image/svg+xml'] ?? data.svg)
  if (svg) return [{ kind: 'drawing', svg }]
  const html = text(data['text/html'] ?? data.html)
  if (html) return [{ kind: 'page', html }]
  const markdown = text(data['text/markdown'])
  if (markdown) return [{ kind: 'markdown', text: markdown }]
  if (data['application/json'] !== undefined) {
    return [{ kind: 'json', value: data['application/json'] }]
  }
  const plain = text(data['text/plain'] ?? data.text)
  return plain ? [{ kind: 'text', text: plain.replace(TERMINAL, ''), bad: false }] : []
}
