import { useMemo } from 'preact/hooks'
import { FUNCTIONS, type MetricFunction } from '../../lib/columns'
import { setParams, useAddress } from '../../state/address'

export const TABS = ['values', 'charts', 'explain', 'artifacts'] as const
export type Tab = (typeof TABS)[number]

/** What the page of a comparison shows; all of it is in the address. */
export interface CompareState {
  ids: string[]
  experimentIds: string[]
  tab: Tab
  /** the run that others are compared with; '' for none */
  baseline: string
  /** only rows that differ */
  differ: boolean
  /** which value of a metric */
  of: MetricFunction
  /** sections that are folded */
  folded: string[]
  /** metrics for which the other end is the good one than their name suggests */
  flipped: string[]
  /** the metric that is explained, and the param that is looked at */
  metric: string
  param: string
  /** the runs and the file whose artifacts are compared */
  left: string
  right: string
  path: string
}

const TEXTS = ['baseline', 'metric', 'param', 'left', 'right', 'path'] as const

export function readState(params: URLSearchParams): CompareState {
  const tab = params.get('tab') as Tab
  const of = params.get('of') as MetricFunction
  const texts = Object.fromEntries(TEXTS.map((name) => [name, params.get(name) ?? '']))
  const ids = list(params.get('runs'))
  return {
    ...(texts as Record<(typeof TEXTS)[number], string>),
    ids: [...new Set(ids)],
    experimentIds: [...new Set(list(params.get('experiments')))],
    tab: TABS.includes(tab) ? tab : 'values',
    differ: params.get('differ') === 'true',
    of: FUNCTIONS.includes(of) ? of : 'last',
    folded: list(params.get('folded')),
    flipped: list(params.get('flipped')),
  }
}

/** A list as addresses have it: JSON, or the ids between commas. */
function list(text: string | null): string[] {
  if (!text) return []
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return value.map(String)
    return [String(value)]
  } catch {
    return text.split(',').filter(Boolean)
  }
}

/** The parameters of the address for some changes; what is as usual takes no room. */
export function writeState(changes: Partial<CompareState>): Record<string, string | null> {
  const params: Record<string, string | null> = {}
  for (const [field, value] of Object.entries(changes)) {
    if (field === 'ids') params.runs = JSON.stringify(value)
    else if (field === 'experimentIds') params.experiments = JSON.stringify(value)
    else if (field === 'tab') params.tab = value === 'values' ? null : String(value)
    else if (field === 'of') params.of = value === 'last' ? null : String(value)
    else if (field === 'differ') params.differ = value ? 'true' : null
    else if (Array.isArray(value)) params[field] = value.length ? JSON.stringify(value) : null
    else params[field] = String(value) || null
  }
  return params
}

export type Change = (changes: Partial<CompareState>) => void

export function useCompareState(): [CompareState, Change] {
  const { params } = useAddress()
  const text = params.toString()
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const state = useMemo(() => readState(params), [text])
  return [state, change]
}

function change(changes: Partial<CompareState>): void {
  setParams(writeState(changes))
}
