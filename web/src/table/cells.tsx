import { createContext, type ComponentChildren } from 'preact'
import { useContext } from 'preact/hooks'
import type { Cell } from '../api/runs'
import type { Column } from '../lib/columns'
import { ago, count, duration, metric, moment, plural } from '../lib/format'
import { Badge } from '../ui/Notes'
import { Status } from '../ui/Status'
import type { Spread } from './sources'
import styles from './table.module.css'

/** What a cell shows, and its whole text for a tooltip where that is longer. */
export interface Shown {
  content: ComponentChildren
  title?: string | undefined
}

const NOTHING: Shown = { content: null }
const WAITING: Shown = { content: <span class={styles.bar} aria-hidden="true" /> }

/** Names of the experiments whose runs are shown, by id. */
export const ExperimentNames = createContext<ReadonlyMap<string, string>>(new Map())

function ExperimentName({ id }: { id: string }) {
  return <>{useContext(ExperimentNames).get(id) ?? id}</>
}

/** What is shown of a value in a column. */
export function shown(column: Column, value: Cell | undefined): Shown {
  if (value === undefined) return WAITING
  if (value === null || value === '') return NOTHING
  if (isSpread(value)) return spread(value)
  switch (column.kind) {
    case 'metrics':
      return number(Number(value))
    case 'attributes':
      return attribute(column.key, value)
    case 'special':
      return special(column.key, value)
    case 'tags':
      return tag(column.key, String(value))
    default:
      return text(String(value))
  }
}

function text(value: string): Shown {
  return { content: value, title: value.length > 10 ? value : undefined }
}

function number(value: number): Shown {
  const short = metric(value)
  const exact = String(value)
  return { content: short, title: exact === short ? undefined : exact }
}

function isSpread(value: unknown): value is Spread {
  return typeof value === 'object' && value !== null && 'mean' in value
}

/** Mean ± sample standard deviation. */
function spread({ mean, std, min, max, count: numbers }: Spread): Shown {
  const range = `${metric(min)} to ${metric(max)}, ${plural(numbers, 'value')}`
  return {
    content: (
      <>
        {mean === null ? '' : metric(Number(mean.toPrecision(4)))}
        {std !== null && <span class="quiet"> ± {metric(Number(std.toPrecision(2)))}</span>}
      </>
    ),
    title: std === null ? range : `mean ${mean} ± standard deviation ${std}; ${range}`,
  }
}

function attribute(key: string, value: NonNullable<Cell>): Shown {
  if (key === 'status') return { content: <Status of={String(value)} /> }
  if (key === 'start_time' || key === 'end_time') {
    return { content: ago(Number(value)), title: moment(Number(value)) }
  }
  if (key === 'duration') return { content: duration(Number(value)) }
  if (key === 'lifecycle_stage') {
    return value === 'deleted' ? { content: <Badge>Deleted</Badge> } : { content: 'Active' }
  }
  if (key === 'experiment_id') return { content: <ExperimentName id={String(value)} /> }
  if (key === 'run_id') return { content: <span class="mono">{String(value)}</span> }
  return text(String(value))
}

function tag(key: string, value: string): Shown {
  if (key === 'mlflow.source.name') {
    return { content: value.split(/[\\/]/).at(-1) || value, title: value }
  }
  if (key === 'mlflow.source.git.commit') {
    return { content: <span class="mono">{value.slice(0, 8)}</span>, title: value }
  }
  if (key === 'mlflow.note.content') return { content: value.split('\n', 1)[0], title: value }
  return text(value)
}

interface UsedDataset {
  name: string
  digest: string
  context: string | null
}

function special(key: string, value: NonNullable<Cell>): Shown {
  if (key === 'datasets') {
    const sets = value as UsedDataset[]
    const names = sets.map((each) => (each.context ? `${each.name} (${each.context})` : each.name))
    return {
      content: (
        <span class={styles.badges}>
          {names.map((name) => (
            <Badge key={name}>{name}</Badge>
          ))}
        </span>
      ),
      title: names.join('\n'),
    }
  }
  if (key === 'models') {
    const models = value as string[]
    return models.length > 0
      ? { content: `${count(models.length)} logged`, title: models.join('\n') }
      : NOTHING
  }
  return { content: value === 0 ? '' : count(Number(value)) }
}
