import { useEffect, useMemo, useState } from 'preact/hooks'
import { column } from '../../lib/columns'
import {
  explain,
  FEWEST_RUNS,
  LEAST_FIT,
  type Explained,
  type Explanation,
} from '../../lib/importance'
import { TREES } from '../../lib/forest'
import { objectiveOf } from '../../lib/objective'
import { plural } from '../../lib/format'
import { Empty, Hint, Skeleton } from '../../ui/Notes'
import styles from './compare.module.css'
import type { PartProps } from './ComparePage'
import { Pick } from './Pick'
import { Scatter } from './Scatter'

/** below this share the explanation is called weak */
const WEAK_FIT = 0.4

interface Columns {
  params: Map<string, (string | null)[]>
  metrics: Map<string, (number | null)[]>
}

/** Which params go along with a metric, measured simply and labelled honestly. */
export function Explain({ state, change, compared, runs }: PartProps) {
  const columns = useMemo<Columns | null>(
    () => (compared.values ? columnsOf(compared.values.columns) : null),
    [compared.values],
  )
  const names = useMemo(() => (columns ? varying(columns.metrics) : []), [columns])
  const metric = names.includes(state.metric) ? state.metric : (objectiveOf(names) ?? '')
  const found = useExplanation(columns, metric)
  if (!columns) return <Waiting />
  if (names.length === 0) {
    return (
      <Empty title="Nothing to explain">
        <p>These runs have no metric that differs between them.</p>
      </Empty>
    )
  }
  const param =
    found && (found.rows.find(({ name }) => name === state.param)?.name ?? found.rows[0]?.name)
  return (
    <div class={styles.explain}>
      <div class={styles.tools}>
        <Pick
          label="Metric"
          value={metric}
          choices={names.map((value) => ({ value, label: value }))}
          onChoose={(name) => change({ metric: name })}
        />
        {found && <Trust found={found} metric={metric} />}
      </div>
      {!found ? (
        <Waiting />
      ) : found.rows.length === 0 ? (
        <Empty title="No param differs">
          <p>
            All {plural(found.runs, 'run')} with {metric} have the same params, so none of them can
            explain why it differs.
          </p>
        </Empty>
      ) : (
        <div class={styles.halves}>
          <Table found={found} chosen={param ?? ''} onChoose={(name) => change({ param: name })} />
          {param && (
            <Scatter
              param={param}
              metric={metric}
              x={columns.params.get(param)!}
              y={columns.metrics.get(metric)!}
              runs={runs}
            />
          )}
        </div>
      )}
    </div>
  )
}

function columnsOf(all: Record<string, readonly unknown[]>): Columns {
  const columns: Columns = { params: new Map(), metrics: new Map() }
  for (const [name, values] of Object.entries(all)) {
    const { kind, key } = column(name)
    if (kind === 'params') columns.params.set(key, values as (string | null)[])
    if (kind === 'metrics') {
      columns.metrics.set(
        key,
        values.map((value) => (value === null ? null : Number(value))),
      )
    }
  }
  return columns
}

/** Metrics with at least two different numbers. */
function varying(metrics: Columns['metrics']): string[] {
  return [...metrics].flatMap(([name, values]) =>
    new Set(values.filter((value) => value !== null && Number.isFinite(value))).size > 1
      ? [name]
      : [],
  )
}

/** The explanation, computed when the page has drawn: a forest may take some tenths of a second. */
function useExplanation(columns: Columns | null, metric: string): Explanation | null {
  const [found, setFound] = useState<{ of: unknown; metric: string; is: Explanation } | null>(null)
  useEffect(() => {
    if (!columns || !metric) return undefined
    const timer = setTimeout(() => {
      const is = explain(columns.params, columns.metrics.get(metric)!)
      setFound({ of: columns, metric, is })
    })
    return () => clearTimeout(timer)
  }, [columns, metric])
  return found?.of === columns && found.metric === metric ? found.is : null
}

/** How much may be believed of what is shown, in a sentence. */
function Trust({ found: { runs, fit }, metric }: { found: Explanation; metric: string }) {
  const share = fit === null ? '' : `${Math.round(Math.max(0, fit) * 100)} %`
  const sentence =
    runs < FEWEST_RUNS
      ? `Only ${plural(runs, 'run')} with ${metric}: too few to say what matters. Correlations of so few runs come about by chance. From ${FEWEST_RUNS} runs on, importance is computed as well.`
      : fit === null
        ? `${plural(runs, 'run')} with ${metric}.`
        : fit < LEAST_FIT
          ? `A random forest on ${plural(runs, 'run')} explains ${share} of the spread of ${metric} in runs that it was not shown: hardly more than the mean does. So no importance is shown; correlations may be chance.`
          : `Importance: how much worse a random forest (${TREES} trees, ${plural(runs, 'run')}) predicts ${metric} when the values of one param are shuffled. It explains ${share} of the spread in runs that it was not shown${fit < WEAK_FIT ? ', which is little: take this as a hint' : ''}. Params that change together share their importance; none of this proves a cause.`
  return (
    <div class={styles.trust}>
      <Hint>{sentence}</Hint>
    </div>
  )
}

function Table({
  found,
  chosen,
  onChoose,
}: {
  found: Explanation
  chosen: string
  onChoose: (name: string) => void
}) {
  const hasImportance = found.rows.some(({ importance }) => importance !== null)
  return (
    <div class={styles.explained} tabIndex={0} role="region" aria-label="Params">
      <table>
        <caption class="aside">Params by how much they go along with the metric</caption>
        <thead>
          <tr>
            <th scope="col">Param</th>
            {hasImportance && <th scope="col">Importance</th>}
            <th scope="col" title="Spearman: do both grow together, along whatever curve? −1 to 1">
              Rank corr. ρ
            </th>
            <th scope="col" title="Pearson: do both grow together along a line? −1 to 1">
              Linear r
            </th>
            <th
              scope="col"
              title="Correlation ratio η²: the share of the spread that lies between the values of a category, 0 to 1"
            >
              Between η²
            </th>
            <th scope="col">Runs</th>
          </tr>
        </thead>
        <tbody>
          {found.rows.map((row) => (
            <tr key={row.name} data-chosen={row.name === chosen || undefined}>
              <th scope="row">
                <div class={styles.param}>
                  <button
                    type="button"
                    aria-pressed={row.name === chosen}
                    onClick={() => onChoose(row.name)}
                  >
                    {row.name}
                  </button>
                  <small class="quiet">
                    {row.kind === 'number' ? 'number' : 'category'}, {plural(row.values, 'value')}
                  </small>
                  {row.doubt && <small class={styles.doubt}>{row.doubt}</small>}
                </div>
              </th>
              {hasImportance && (
                <td>
                  <Bar share={row.importance ?? 0} />
                </td>
              )}
              <Measure value={row.spearman} />
              <Measure value={row.pearson} />
              <Measure value={row.etaSquared} plain />
              <td class="number">{row.runs}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Bar({ share }: Required<{ share: NonNullable<Explained['importance']> }>) {
  return (
    <span class={styles.bar}>
      <span style={{ width: `${Math.round(share * 100)}%` }} />
      <em>{Math.round(share * 100)} %</em>
    </span>
  )
}

function Measure({ value, plain = false }: { value: number | null; plain?: boolean }) {
  if (value === null) return <td class="number quiet">–</td>
  const text = Math.abs(value).toFixed(2)
  const sign = plain || Number(text) === 0 ? '' : value < 0 ? '−' : '+'
  return (
    <td class={`number ${Math.abs(value) >= 0.5 ? styles.strong : ''}`}>
      {sign}
      {text}
    </td>
  )
}

function Waiting() {
  return (
    <div class={styles.waiting} aria-busy="true">
      {[80, 60, 70, 50].map((width) => (
        <Skeleton key={width} height={18} width={`${width}%`} />
      ))}
    </div>
  )
}
