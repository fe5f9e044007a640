import { GitCompareArrows, Table } from 'lucide'
import { useMemo } from 'preact/hooks'
import { useQuery } from '@tanstack/react-query'
import { fetchRuns, type RunSource } from '../../api/runs'
import { useAsk } from '../../api/query'
import { column, columnName, quoteKey, quoteText } from '../../lib/columns'
import { ago, count, duration, metric, moment, plural } from '../../lib/format'
import { paths } from '../../paths'
import { encodeView } from '../../state/view'
import { LinkButton } from '../../ui/Button'
import { Grid, type GridCell } from '../../ui/Grid'
import { Empty, Hint, Problem, Skeleton } from '../../ui/Notes'
import { Status } from '../../ui/Status'
import { PARENT, type RunView } from './run'
import styles from './run.module.css'

const MOST = 1000
/** columns of params, and of metrics: the first that differ */
const MOST_COLUMNS = 20
/** runs that are compared at once by the link */
const COMPARED = 200
const FIXED = [
  { name: 'attributes.status', label: 'Status', width: 110 },
  { name: 'attributes.start_time', label: 'Started', width: 120 },
  { name: 'attributes.duration', label: 'Duration', width: 110 },
] as const

/** The runs that are part of this one. */
export function Children({ run }: { run: RunView }) {
  const filter = `tags.${quoteKey(PARENT)} = ${quoteText(run.id)}`
  const { found, names, error } = useChildren(run, filter)
  const widths = useMemo(() => [...FIXED.map((each) => each.width), ...names.map(widthOf)], [names])
  if (error) return <Problem>{error.message}</Problem>
  if (!found) return <Skeleton height={320} />
  if (found.ids.length === 0) {
    return (
      <Empty
        title="No runs below this one"
        snippet={`with mlflow.start_run(run_id="${run.id}"):\n    with mlflow.start_run(nested=True):\n        ...`}
      >
        <p>Runs that are started inside of another are listed with it.</p>
      </Empty>
    )
  }
  const cell = (row: number, at: number): GridCell => {
    const fixed = FIXED[at]
    const name = fixed ? fixed.name : names[at - FIXED.length]!
    return cellOf(name, found.columns[name]?.[row])
  }
  return (
    <div class={styles.children}>
      <div class={styles.bar}>
        <span class="quiet">
          {plural(found.total, 'run')}
          {names.length > 0 && ', with the params that differ and their metrics'}
        </span>
        <LinkButton
          icon={GitCompareArrows}
          href={paths.compare(found.ids.slice(0, COMPARED), [run.experimentId])}
        >
          Compare {found.total > COMPARED ? `the newest ${COMPARED}` : 'all'}
        </LinkButton>
        <LinkButton icon={Table} href={paths.experiment(run.experimentId, encodeView({ filter }))}>
          Open as table
        </LinkButton>
      </div>
      {found.total > found.ids.length && (
        <Hint>
          These are the newest {count(found.ids.length)}. Open them as a table to see all.
        </Hint>
      )}
      <div class={styles.panel}>
        <div class={styles.table} style={{ height: Math.min(found.ids.length, 20) * 30 + 36 }}>
          <Grid
            label="Runs below this one"
            rows={found.ids.length}
            columns={widths}
            first={240}
            corner="Name"
            columnHead={(at) => {
              const name = FIXED[at]?.label ?? column(names[at - FIXED.length]!).key
              return { content: <span class="ellipsis">{name}</span>, title: name }
            }}
            rowHead={(row) => {
              const name = String(found.columns['attributes.run_name']?.[row] ?? found.ids[row])
              return {
                content: (
                  <a class="ellipsis" href={paths.run(run.experimentId, found.ids[row]!)}>
                    {name}
                  </a>
                ),
                title: name,
              }
            }}
            cell={cell}
          />
        </div>
      </div>
    </div>
  )
}

function useChildren(run: RunView, filter: string) {
  const used = useAsk('runs/columns', {
    experiment_ids: [run.experimentId],
    filter,
    differing: true,
  })
  const names = useMemo(() => {
    const { params = [], metrics = [] } = used.data ?? {}
    return [
      ...params.slice(0, MOST_COLUMNS).map((key) => columnName('params', key)),
      ...metrics
        .filter((key) => !key.startsWith('system/'))
        .slice(0, MOST_COLUMNS)
        .map((key) => columnName('metrics', key)),
    ]
  }, [used.data])
  const source: RunSource = {
    experimentIds: [run.experimentId],
    filter,
    order: '',
    lifecycle: 'ACTIVE_ONLY',
    most: MOST,
  }
  const columns = ['attributes.run_name', ...FIXED.map((each) => each.name), ...names]
  const { data: found, error } = useQuery({
    queryKey: ['runs/table', 'children', source, columns],
    queryFn: ({ signal }) => fetchRuns(source, columns, signal),
    enabled: used.data !== undefined || used.error !== null,
  })
  return { found, names, error: error ?? used.error }
}

function widthOf(name: string): number {
  return Math.max(96, Math.min(200, column(name).key.length * 8 + 24))
}

function cellOf(name: string, value: unknown): GridCell {
  if (value === null || value === undefined) return { content: <span class="quiet">–</span> }
  if (name === 'attributes.status') return { content: <Status of={String(value)} /> }
  if (name === 'attributes.start_time') {
    return { content: ago(Number(value)), title: moment(Number(value)) }
  }
  if (name === 'attributes.duration') return { content: duration(Number(value)) }
  if (column(name).kind === 'metrics') {
    return { class: styles.numberCell, content: metric(Number(value)), title: String(value) }
  }
  return { content: <span class="ellipsis">{String(value)}</span>, title: String(value) }
}
