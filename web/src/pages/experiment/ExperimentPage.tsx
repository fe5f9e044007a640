import { useQueries } from '@tanstack/react-query'
import { lazy, Suspense } from 'preact/compat'
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { ask } from '../../api/client'
import { ApiError, sentence } from '../../api/errors'
import { keyOf, useAsk } from '../../api/query'
import { plural } from '../../lib/format'
import { paths } from '../../paths'
import { useRunColours } from '../../state/runColours'
import { useView, type ChangeView } from '../../state/useView'
import type { Layout, View } from '../../state/view'
import { QueryInput } from '../../table/QueryInput'
import { ExperimentNames } from '../../table/cells'
import { RunTable } from '../../table/RunTable'
import { Button } from '../../ui/Button'
import { Segments } from '../../ui/Field'
import { Empty, Hint, Problem, Skeleton } from '../../ui/Notes'
import { Heading } from './About'
import styles from './experiment.module.css'
import { ExportDialog } from './ExportDialog'
import { Nothing } from './Nothing'
import { SelectionBar } from './SelectionBar'
import { Split } from './Split'
import { grouped, Toolbar } from './Toolbar'
import { useChanges } from './useChanges'
import { QUERY_ID, useColumnActions } from './useColumnActions'
import { usePageCommands, useSlash } from './usePageCommands'
import { useSavedViews } from './useSavedView'
import { useSelection } from './useSelection'
import { useTable } from './useTable'
import { Views } from './Views'

const Charts = lazy(() => import('./Charts').then((found) => ({ default: found.Charts })))

const LAYOUTS: readonly { value: Layout; label: string }[] = [
  { value: 'table', label: 'Table' },
  { value: 'split', label: 'Split' },
  { value: 'charts', label: 'Charts' },
]

/** The runs of an experiment, or of several: the table, and charts beside it. */
export function ExperimentPage({ experimentId }: Record<string, string>) {
  const [view, change] = useView()
  const experimentIds = useMemo(
    () => [...new Set([experimentId!, ...view.also])],
    [experimentId, view.also],
  )
  const { experiments, missing } = useExperiments(experimentIds)
  if (missing) {
    return (
      <Empty title="This experiment cannot be shown">
        <p role="alert">{sentence(missing)}</p>
        <p>
          It may have been removed for good. See the <a href={paths.experiments()}>experiments</a>.
        </p>
      </Empty>
    )
  }
  return (
    <Runs
      key={experimentIds.join()}
      experimentIds={experimentIds}
      experiments={experiments}
      view={view}
      change={change}
    />
  )
}

function useExperiments(experimentIds: readonly string[]) {
  const answers = useQueries({
    queries: experimentIds.map((experiment_id) => ({
      queryKey: keyOf('experiments/get', { experiment_id }),
      queryFn: () => ask('experiments/get', { experiment_id }),
    })),
  })
  const name = answers[0]?.data?.experiment.name
  useEffect(() => {
    if (name) document.title = `${name} · Millstream`
  }, [name])
  const failed = answers.find((each) => each.error instanceof ApiError && !each.error.isAway)
  return {
    experiments: answers.map((each) => each.data?.experiment ?? null),
    missing: failed?.error ?? null,
  }
}

interface RunsProps {
  experimentIds: string[]
  experiments: ReturnType<typeof useExperiments>['experiments']
  view: View
  change: ChangeView
}

const NOT_DRAGGED = {}

function Runs({ experimentIds, experiments, view, change }: RunsProps) {
  const [dragged, setDragged] = useState<Record<string, number>>(NOT_DRAGGED)
  const table = useTable(experimentIds, view, dragged)
  const views = useSavedViews(experimentIds[0]!, view)
  const [draft, setDraft] = useState<{ text: string } | null>(null)
  const begin = useCallback((text: string) => setDraft({ text }), [])
  const columns = useColumnActions(view, table.columns, change, begin, setDragged)
  const [exporting, setExporting] = useState(false)
  const live = useChanges(table, experimentIds)
  const all = useAllRuns(experimentIds, view, table.rows.total !== null && !table.rows.isOld)
  usePageCommands(view, change, table, setExporting)
  useSlash()
  const { rows } = table
  const selection = useSelection(view, change)
  const name = experiments[0]?.name ?? 'runs'
  const experimentNames = useNames(experiments)
  const error = table.error
  const isFilter =
    error instanceof ApiError &&
    error.status === 400 &&
    (error.source === 'filter' || (!error.source && view.filter !== '' && view.group.length === 0))
  const nothing = rows.total === 0 && !rows.isOld && !rows.isFirst && !error
  const charted = view.layout !== 'table'
  const runColour = useRunColours()
  return (
    <div class={styles.page}>
      <div>
        <Heading
          experiments={experiments}
          views={<Views experimentId={experimentIds[0]!} views={views} />}
        />
        {views.missing && (
          <div class={styles.message}>
            <Hint>The view of this link was deleted. All runs are shown.</Hint>
          </div>
        )}
      </div>
      <div class={styles.search}>
        <QueryInput
          id={QUERY_ID}
          experimentIds={experimentIds}
          lifecycle={view.lifecycle}
          value={view.filter}
          error={isFilter ? error : null}
          draft={draft}
          onApply={(filter) => change({ filter })}
        />
        <Segments
          label="Layout"
          value={view.layout}
          choices={LAYOUTS}
          onChoose={(layout) => change({ layout })}
        />
      </div>
      <div>
        <Toolbar
          view={view}
          change={change}
          table={table}
          all={all}
          live={live.state}
          onExport={() => setExporting(true)}
        />
        {error !== null && !isFilter && (
          <Trouble
            error={error}
            onAgain={() => rows.refresh()}
            onUnsorted={view.order ? () => change({ order: '' }) : null}
            onUngrouped={view.group.length > 0 ? () => change(grouped(view, [])) : null}
          />
        )}
      </div>
      <Split
        layout={view.layout}
        table={
          <>
            {rows.arrived > 0 && (
              <Button kind="primary" small class={styles.pill} onClick={live.show}>
                {plural(rows.arrived, 'new run')}
              </Button>
            )}
            <ExperimentNames.Provider value={experimentNames}>
              <RunTable
                rows={rows}
                layout={table.layout}
                order={view.order}
                group={view.group}
                tree={view.tree}
                unfolded={view.unfolded}
                selected={view.selected}
                hidden={view.hidden}
                charted={charted}
                colourOf={runColour}
                columns={columns}
                onSelect={selection.select}
                onSelectAll={selection.all}
                onClear={selection.clear}
                onHide={selection.hide}
                onFold={selection.fold}
                onTop={live.onTop}
                onWindow={table.look}
              />
            </ExperimentNames.Provider>
            {nothing && <Nothing view={view} change={change} experiment={name} />}
          </>
        }
        charts={
          charted && (
            <Suspense fallback={<Skeleton height={260} />}>
              <Charts experimentIds={experimentIds} view={view} change={change} table={table} />
            </Suspense>
          )
        }
      />
      <SelectionBar selected={view.selected} table={table} onClear={selection.clear} />
      {exporting && <ExportDialog table={table} name={name} onClose={() => setExporting(false)} />}
    </div>
  )
}

/** Why the rows could not be fetched, when it was not the search. */
function Trouble({
  error,
  onAgain,
  onUnsorted,
  onUngrouped,
}: {
  error: unknown
  onAgain: () => void
  onUnsorted: (() => void) | null
  onUngrouped: (() => void) | null
}) {
  return (
    <div class={styles.message}>
      <Problem>
        {sentence(error)}{' '}
        {onUnsorted && (
          <Button small onClick={onUnsorted}>
            Do not sort
          </Button>
        )}{' '}
        {onUngrouped && (
          <Button small onClick={onUngrouped}>
            Do not group
          </Button>
        )}{' '}
        <Button small onClick={onAgain}>
          Ask again
        </Button>
      </Problem>
    </div>
  )
}

/** The same map until a name changes, for every row depends on it. */
function useNames(experiments: RunsProps['experiments']): ReadonlyMap<string, string> {
  const known = JSON.stringify(experiments.map((each) => [each?.experiment_id, each?.name]))
  return useMemo(() => new Map(JSON.parse(known) as [string, string][]), [known])
}

/** How many runs there are without the search; what was searched for comes first. */
function useAllRuns(experimentIds: string[], view: View, after: boolean): number | null {
  const { data } = useAsk(
    'runs/table',
    {
      experiment_ids: experimentIds,
      run_view_type: view.lifecycle,
      columns: [],
      max_results: 1,
      count: true,
    },
    { enabled: view.filter !== '' && after, keep: true },
  )
  return data?.total ?? null
}
