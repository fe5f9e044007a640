/** What the page of an experiment shows: all of it is in the address, and that is what views save. */

export type Lifecycle = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'
export type Layout = 'table' | 'split' | 'charts'
/** which runs charts are about */
export type ChartRuns = 'selected' | 'visible' | 'matching'

export interface ChartSpec {
  id: string
  kind: string
  title?: string
  /** columns of the grid of charts that it takes: 1 to 3 */
  width?: number
  options: Record<string, unknown>
}

export interface View {
  /** further experiments beside the one in the path */
  also: string[]
  filter: string
  /** `metrics.loss DESC`; empty is newest first */
  order: string
  lifecycle: Lifecycle
  /** names of columns in their order (see lib/columns.ts); null is the page's own choice */
  columns: string[] | null
  pinned: string[]
  widths: Record<string, number>
  /** only columns whose values differ */
  differ: boolean
  /** columns to group by */
  group: string[]
  /** children below their parents */
  tree: boolean
  /** runs and groups that are unfolded */
  unfolded: string[]
  /** ids of runs that are ticked */
  selected: string[]
  /** ids of runs that are left out of charts */
  hidden: string[]
  layout: Layout
  chartRuns: ChartRuns
  /** null is the page's own choice */
  charts: ChartSpec[] | null
  /** group, colour and dash of lines: names of columns */
  chartGroup: string
  chartColour: string
  chartDash: string
}

export const EMPTY_VIEW: View = {
  also: [],
  filter: '',
  order: '',
  lifecycle: 'ACTIVE_ONLY',
  columns: null,
  pinned: [],
  widths: {},
  differ: false,
  group: [],
  tree: false,
  unfolded: [],
  selected: [],
  hidden: [],
  layout: 'table',
  chartRuns: 'visible',
  charts: null,
  chartGroup: '',
  chartColour: '',
  chartDash: '',
}

/** field → its name in the address; short, for addresses are sent by mail */
const NAMES: Record<keyof View, string> = {
  also: 'also',
  filter: 'q',
  order: 'order',
  lifecycle: 'show',
  columns: 'columns',
  pinned: 'pin',
  widths: 'widths',
  differ: 'differ',
  group: 'group',
  tree: 'tree',
  unfolded: 'open',
  selected: 'runs',
  hidden: 'hide',
  layout: 'layout',
  chartRuns: 'of',
  charts: 'charts',
  chartGroup: 'by',
  chartColour: 'colour',
  chartDash: 'dash',
}

/** The parameters of the address for the fields that are given; a default takes no room (null). */
export function encodeView(view: Partial<View>): Record<string, string | null> {
  const params: Record<string, string | null> = {}
  for (const field of Object.keys(view) as (keyof View)[]) {
    const value = view[field]
    params[NAMES[field]] =
      JSON.stringify(value) === JSON.stringify(EMPTY_VIEW[field])
        ? null
        : typeof value === 'string'
          ? value
          : // an empty list that was chosen is not the same as none chosen
            JSON.stringify(value)
  }
  return params
}

/** The view that an address describes; what cannot be read is as if it were not there. */
export function decodeView(params: URLSearchParams): View {
  const view: Record<string, unknown> = { ...EMPTY_VIEW }
  for (const [field, name] of Object.entries(NAMES)) {
    const text = params.get(name)
    if (text === null) continue
    const usual = EMPTY_VIEW[field as keyof View]
    if (typeof usual === 'string') view[field] = text
    else {
      const value = parsed(text)
      if (fits(value, usual, field)) view[field] = value
    }
  }
  return view as unknown as View
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fits(value: unknown, usual: unknown, field: string): boolean {
  if (field === 'charts') {
    return (
      Array.isArray(value) &&
      value.every(
        (each: Partial<ChartSpec> | null) =>
          typeof each?.id === 'string' &&
          typeof each.kind === 'string' &&
          typeof each.options === 'object' &&
          each.options !== null,
      )
    )
  }
  if (field === 'widths') {
    return (
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((each) => typeof each === 'number' && each > 0)
    )
  }
  if (typeof usual === 'boolean') return typeof value === 'boolean'
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}
