import type { IconNode } from 'lucide'
import type { FunctionComponent } from 'preact'
import type { RunSource } from '../api/runs'
import type { Value } from '../lib/csv'
import type { Band } from './lib/lines'
import type { Pen } from './lib/pen'
import type { Theme } from './lib/theme'

/** A run as charts show it. */
export interface ChartRun {
  id: string
  experimentId: string
  name: string
  /** CSS colour and canvas dash, the same in all charts */
  colour: string
  dash: readonly number[]
  /** what it is grouped by, or null */
  group: string | null
  /** milliseconds since the epoch */
  start: number
}

/** Names of columns that a chart can show. */
export interface Names {
  metrics: readonly string[]
  params: readonly string[]
  tags: readonly string[]
}

/** What holds for all charts that say nothing else. */
export interface Common {
  /** `step`, `time`, `relative` or `metrics.<key>` */
  x: string
  smoothing: number
  /** around the mean of a group */
  band: Band
}

/** A line of a legend. */
export interface LegendEntry {
  id: string
  label: string
  colour: string
  dash: readonly number[]
}

/** What a chart shows, for those who cannot see it and for files. */
export interface Picture {
  /** one sentence */
  summary: string
  /** what a reader should know: what is left out, and why */
  notes: readonly string[]
  /** null for what no pen can draw */
  draw: ((pen: Pen, width: number, height: number, theme: Theme) => void) | null
  /** which line is which, for files */
  legend?: readonly LegendEntry[]
  columns: readonly string[]
  /** computed when somebody asks for them */
  rows: () => Value[][]
  /** where a file should say more than a table on the page */
  csv?: () => { columns: string[]; rows: Value[][] }
}

export interface PlotProps<O> {
  title: string
  options: O
  common: Common
  source: RunSource
  runs: readonly ChartRun[]
  /** CSS pixels */
  width: number
  height: number
  /** the run under the pointer, in whichever chart or table */
  highlighted: string | null
  /** runs that stay marked */
  pinned: ReadonlySet<string>
  onHighlight: (runId: string | null) => void
  onPin: (runId: string) => void
  onChange: (changes: Partial<O>) => void
  onPicture: (picture: Picture | null) => void
}

/** One kind of chart: a file in charts/ that exports it, and a row in the table of charts/index.ts. */
export interface ChartKind<O extends object = Record<string, unknown>> {
  kind: string
  label: string
  /** one line: what it is good for */
  about: string
  icon: IconNode
  /** options from whatever an address or a saved view holds */
  read: (given: Record<string, unknown>) => O
  /** the title when the user gives none */
  title: (options: O) => string
  /** names of metrics, params and tags that it shows: what a search over charts looks at */
  shows: (options: O) => readonly string[]
  Form: FunctionComponent<{ options: O; names: Names; onChange: (changes: Partial<O>) => void }>
  Plot: FunctionComponent<PlotProps<O>>
}
