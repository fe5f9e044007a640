import { useSyncExternalStore } from 'preact/compat'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useAsk } from '../../api/query'
import { column, columnName } from '../../lib/columns'
import { objectiveOf } from '../../lib/objective'
import { filterFrom } from '../../lib/query'
import type { View } from '../../state/view'
import { layOut, NAME, usualColumns, type Layout } from '../../table/layout'
import { Rows } from '../../table/rows'
import { RUNS, type TableQuestion } from '../../table/sources'
import type { UsedNames } from '../../table/ColumnChooser'

/** Up to so many columns are fetched together; of more, those in view. */
const ALL_AT_ONCE = 40
const NONE: UsedNames = { metrics: [], params: [], tags: [] }
const NO_COLUMNS: readonly string[] = []
/** What rows need besides the columns that are shown. */
const ESSENTIAL = [NAME, 'attributes.status', 'attributes.experiment_id'] as const

export interface Table {
  rows: Rows
  question: TableQuestion
  names: UsedNames
  /** the columns that are chosen, in their order */
  columns: readonly string[]
  layout: Layout
  /** of how many runs the columns that differ were found; null if all were looked at */
  lookedAt: number | null
  error: unknown
  look: (first: number, last: number, columns: readonly string[]) => void
}

/** The rows and columns of an experiment's table, for what the address says. */
export function useTable(
  experimentIds: string[],
  view: View,
  /** widths of columns whose edge is being dragged */
  dragged: Readonly<Record<string, number>>,
): Table {
  const filter = filterFrom(view.filter)
  const about = { experiment_ids: experimentIds, run_view_type: view.lifecycle }
  const used = useAsk('runs/columns', about, { keep: true, staleTime: 60_000 })
  const differing = useAsk(
    'runs/columns',
    { ...about, filter, differing: true },
    { enabled: view.differ, keep: true },
  )
  const names = useMemo(() => (used.data ? inOrder(used.data) : NONE), [used.data])
  const narrow = view.layout === 'split'
  const several = experimentIds.length > 1
  const columns = useMemo(
    () => view.columns ?? usual(names, { narrow, several, group: view.group }),
    [view.columns, names, narrow, several, view.group],
  )
  const layout = useMemo(() => {
    const kept = view.differ && differing.data ? columns.filter(differs(differing.data)) : columns
    const first = view.group.length > 0 ? [NAME, RUNS] : [NAME]
    return layOut([...new Set([...first, ...kept])], view.pinned, { ...view.widths, ...dragged })
  }, [columns, view.differ, differing.data, view.group, view.pinned, view.widths, dragged])

  const question = useMemo<TableQuestion>(
    () => ({
      experimentIds,
      filter,
      lifecycle: view.lifecycle,
      order: view.order,
      group: view.group,
      tree: view.tree,
    }),
    [experimentIds, filter, view.lifecycle, view.order, view.group, view.tree],
  )
  const [seen, setSeen] = useState<readonly string[]>([])
  const wanted = useWanted(layout, seen, view.tree)
  const rows = useRows(question, wanted, view.unfolded)
  const look = useMemo(
    () => (first: number, last: number, drawn: readonly string[]) => {
      rows.look(first, last)
      setSeen(drawn)
    },
    [rows],
  )
  return {
    rows,
    question,
    names,
    columns,
    layout,
    lookedAt: view.differ ? (differing.data?.looked_at ?? null) : null,
    error: rows.error ?? used.error ?? differing.error,
    look,
  }
}

/** `layer2` before `layer10`. */
const NATURAL = new Intl.Collator('en', { numeric: true })

function inOrder({ metrics, params, tags }: UsedNames): UsedNames {
  const sorted = (keys: readonly string[]) => [...keys].sort((a, b) => NATURAL.compare(a, b))
  return { metrics: sorted(metrics), params: sorted(params), tags: sorted(tags) }
}

function usual(
  names: UsedNames,
  looks: { narrow: boolean; several: boolean; group: readonly string[] },
): string[] {
  // where few can be seen, the one that matters comes first
  const first = looks.narrow || looks.group.length > 0 ? objectiveOf(names.metrics) : null
  const metrics = first === null ? names.metrics : [...new Set([first, ...names.metrics])]
  return usualColumns(
    metrics.map((key) => columnName('metrics', key)),
    names.params.map((key) => columnName('params', key)),
    looks,
  )
}

function differs(found: UsedNames): (name: string) => boolean {
  const sets = {
    metrics: new Set(found.metrics),
    params: new Set(found.params),
    tags: new Set(found.tags),
  }
  return (name) => {
    const { kind, key } = column(name)
    return kind === 'attributes' || kind === 'special' || sets[kind].has(key)
  }
}

function useWanted(layout: Layout, seen: readonly string[], tree: boolean): readonly string[] {
  const all = layout.pinned.length + layout.loose.length <= ALL_AT_ONCE
  const drawn = all ? NO_COLUMNS : seen
  return useMemo(() => {
    const shown = all ? [...layout.pinned, ...layout.loose].map((each) => each.name) : drawn
    return [...new Set([...ESSENTIAL, ...shown, ...(tree ? ['children'] : [])])]
  }, [all, layout, drawn, tree])
}

function useRows(
  question: TableQuestion,
  columns: readonly string[],
  unfolded: readonly string[],
): Rows {
  const kept = useRef<Rows | null>(null)
  kept.current ??= new Rows()
  const rows = kept.current
  useLayoutEffect(() => rows.ask(question, columns, unfolded), [rows, question, columns, unfolded])
  useEffect(() => () => rows.stop(), [rows])
  useSyncExternalStore(rows.subscribe, () => rows.version)
  return rows
}
