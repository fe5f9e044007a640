import type { IconNode } from 'lucide'
import type { FunctionComponent } from 'preact'

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

export interface PlotProps<O> {
  title: string
  options: O
  runs: readonly ChartRun[]
  experimentIds: readonly string[]
  /** CSS pixels */
  width: number
  height: number
  /** the run under the pointer, in whichever chart or table */
  highlighted: string | null
  onHighlight: (runId: string | null) => void
  onChange: (changes: Partial<O>) => void
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
  Form: FunctionComponent<{ options: O; names: Names; onChange: (changes: Partial<O>) => void }>
  Plot: FunctionComponent<PlotProps<O>>
}
