import type { Runs } from '../api/runs'
import { column } from './columns'
import { duration, metric, moment } from './format'

/** Runs side by side: what stands in each row, and how the runs differ in it. */

export type Value = string | number | null

export const SECTIONS = ['params', 'metrics', 'datasets', 'code', 'tags', 'run'] as const
export type Section = (typeof SECTIONS)[number]

export const SECTION_LABELS: Record<Section, string> = {
  params: 'Params',
  metrics: 'Metrics',
  datasets: 'Data sets',
  code: 'Code and environment',
  tags: 'Tags',
  run: 'Run',
}

export interface CompareRow {
  /** its section and key: known by this in addresses */
  id: string
  section: Section
  label: string
  values: readonly Value[]
  differs: boolean
}

/** Columns that are always asked for. */
export const ABOUT_RUNS = [
  'attributes.run_name',
  'attributes.status',
  'attributes.start_time',
  'attributes.end_time',
  'attributes.duration',
  'attributes.user_id',
  'attributes.experiment_id',
  'attributes.lifecycle_stage',
  'attributes.artifact_uri',
  'datasets',
] as const

const RUN_ROWS: readonly [name: string, label: string, show: (value: unknown) => Value][] = [
  ['attributes.status', 'Status', text],
  [
    'attributes.start_time',
    'Started',
    (value) => (typeof value === 'number' ? moment(value) : null),
  ],
  ['attributes.end_time', 'Ended', (value) => (typeof value === 'number' ? moment(value) : null)],
  [
    'attributes.duration',
    'Duration',
    (value) => (typeof value === 'number' ? duration(value) : null),
  ],
  ['attributes.user_id', 'User', text],
  ['attributes.experiment_id', 'Experiment', text],
  ['attributes.lifecycle_stage', 'Lifecycle', text],
  ['attributes.artifact_uri', 'Artifacts', text],
]

/** Tags that MLflow sets, under the names that people use. */
const CODE_LABELS: Record<string, string> = {
  'mlflow.source.git.commit': 'Commit',
  'mlflow.source.git.branch': 'Branch',
  'mlflow.source.git.dirty': 'Uncommitted changes',
  'mlflow.source.git.repoURL': 'Repository',
  'mlflow.source.name': 'Source',
  'mlflow.source.type': 'Kind of source',
  'mlflow.parentRunId': 'Parent run',
  'mlflow.user': 'User',
}
/** Tags that are shown elsewhere, or are no text to compare. */
const NOT_SHOWN = new Set([
  'mlflow.log-model.history',
  'mlflow.loggedArtifacts',
  'mlflow.note.content',
  'mlflow.runName',
])

function text(value: unknown): Value {
  return value === null || value === undefined || value === '' ? null : String(value)
}

/** Numbers that came as JSON, where "NaN" and the like are texts. */
function number(value: unknown): Value {
  if (value === null || value === undefined) return null
  return typeof value === 'number' ? value : Number(value)
}

export function differ(values: readonly Value[]): boolean {
  return values.some((value) => !Object.is(value, values[0]))
}

function row(section: Section, key: string, label: string, values: readonly Value[]): CompareRow {
  return { id: `${section} ${key}`, section, label, values, differs: differ(values) }
}

/** All rows, section by section. */
export function rowsOf(runs: Runs): CompareRow[] {
  const rows: CompareRow[] = []
  for (const [name, values] of Object.entries(runs.columns)) {
    const { kind, key } = column(name)
    if (kind === 'params') rows.push(row('params', key, key, values.map(text)))
    else if (kind === 'metrics') rows.push(row('metrics', key, key, values.map(number)))
    else if (kind === 'tags' && !NOT_SHOWN.has(key)) {
      const own = key.startsWith('mlflow.')
      rows.push(
        row(
          own ? 'code' : 'tags',
          key,
          CODE_LABELS[key] ?? key.replace(/^mlflow\./, ''),
          values.map(text),
        ),
      )
    }
  }
  for (const [name, label, show] of RUN_ROWS) {
    rows.push(row('run', name, label, (runs.columns[name] ?? []).map(show)))
  }
  rows.push(...datasetRows(runs))
  const places = new Map(SECTIONS.map((section, index) => [section, index]))
  const order = Object.keys(CODE_LABELS)
  const rank = ({ id, section }: CompareRow) =>
    section === 'code' ? (order.indexOf(id.slice(5)) + order.length + 1) % (order.length + 1) : 0
  return rows.sort((a, b) => places.get(a.section)! - places.get(b.section)! || rank(a) - rank(b))
}

interface DatasetCell {
  name: string
  digest: string
  context?: string | null
}

/** A row per data set and what it was used for; its digest tells the versions apart. */
function datasetRows(runs: Runs): CompareRow[] {
  const found = new Map<string, Value[]>()
  for (const [at, cell] of (runs.columns['datasets'] ?? []).entries()) {
    if (!Array.isArray(cell)) continue
    for (const { name, digest, context } of cell as DatasetCell[]) {
      const key = context ? `${name} (${context})` : name
      if (!found.has(key)) found.set(key, Array<Value>(runs.ids.length).fill(null))
      const values = found.get(key)!
      values[at] = values[at] ? `${values[at]}, ${digest}` : digest
    }
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, values]) => row('datasets', key, key, values))
}

/** Metrics that are better when they are small, by the words in their names. */
const SMALL =
  /(^|[^a-z])(loss|err|error|errors|mse|rmse|mae|mape|nll|ppl|perplexity|wer|cer|fid|latency|time|seconds|duration|divergence|regret|cost|brier)($|[^a-z])|loss$/i

export function smallIsGood(name: string): boolean {
  return SMALL.test(name)
}

/** The runs with the best number; none when all are equal. */
export function best(values: readonly Value[], small: boolean): ReadonlySet<number> {
  const numbers = values.map((value) => (typeof value === 'number' ? value : NaN))
  const there = numbers.filter((value) => !Number.isNaN(value))
  const low = Math.min(...there)
  const high = Math.max(...there)
  if (there.length < 2 || low === high) return new Set()
  const wanted = small ? low : high
  return new Set(numbers.flatMap((value, index) => (value === wanted ? [index] : [])))
}

/** `+0.02 (+4 %)`: by how much a number is above another; '' when that cannot be said. */
export function difference(value: Value, base: Value): string {
  if (typeof value !== 'number' || typeof base !== 'number') return ''
  const by = value - base
  if (!Number.isFinite(by)) return ''
  if (by === 0) return '±0'
  const sign = by > 0 ? '+' : '−'
  const share =
    base === 0 ? '' : ` (${sign}${Number(Math.abs((by / base) * 100).toPrecision(2))} %)`
  return `${sign}${metric(Number(Math.abs(by).toPrecision(3)))}${share}`
}

/** A value as it stands in a cell. */
export function shown(value: Value): string {
  return typeof value === 'number' ? metric(value) : (value ?? '')
}

/** Rows whose label or values have all the words. */
export function matching(rows: readonly CompareRow[], words: string): readonly CompareRow[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  if (wanted.length === 0) return rows
  return rows.filter(({ label, values }) => {
    const all = `${label} ${values.join(' ')}`.toLowerCase()
    return wanted.every((word) => all.includes(word))
  })
}

/** Take an item out of a list and put it in before the one at `to`. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, index) => index !== from)
  rest.splice(Math.max(0, Math.min(rest.length, to)), 0, list[from]!)
  return rest
}

const WORDS = new Intl.Collator('en', { numeric: true })

/** Items by their values, the smallest first; the largest first if they are so already. */
export function sortedBy<T>(items: readonly T[], values: readonly Value[]): T[] {
  const places = items.map((_, index) => index)
  const there = places.filter((place) => isThere(values[place]!))
  const gone = places.filter((place) => !isThere(values[place]!))
  const up = [...there].sort((a, b) => order(values[a]!, values[b]!))
  const done = up.every((place, index) => order(values[place]!, values[there[index]!]!) === 0)
  return [...(done ? up.toReversed() : up), ...gone].map((place) => items[place]!)
}

function isThere(value: Value): boolean {
  return value !== null && !Number.isNaN(value)
}

function order(a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [x, y] = [Number(a), Number(b)]
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y
  return WORDS.compare(String(a), String(b))
}
