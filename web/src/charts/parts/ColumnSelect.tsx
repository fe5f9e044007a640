import { columnName, FUNCTIONS, column, type MetricFunction } from '../../lib/columns'
import { Field, Select } from '../../ui/Field'
import controls from '../../ui/controls.module.css'
import type { Names } from '../types'
import { labelOf } from '../lib/values'
import styles from './form.module.css'

const ATTRIBUTES = [
  'attributes.start_time',
  'attributes.duration',
  'attributes.status',
  'attributes.user_id',
]

/** One column of runs: a metric (and which of its values), a param, a tag or an attribute. */
export function ColumnSelect({
  label,
  value,
  names,
  none,
  onChoose,
}: {
  label: string
  value: string
  names: Names
  /** what no column is called, if it may be none */
  none?: string
  onChoose: (name: string) => void
}) {
  const chosen = value ? column(value) : null
  const plain = chosen?.kind === 'metrics' ? columnName('metrics', chosen.key) : value
  const groups: [string, string[]][] = [
    ['Metrics', names.metrics.map((key) => columnName('metrics', key))],
    ['Params', names.params.map((key) => columnName('params', key))],
    ['Attributes', ATTRIBUTES],
    [
      'Tags',
      names.tags.filter((key) => !key.startsWith('mlflow.')).map((key) => columnName('tags', key)),
    ],
  ]
  const known = groups.some(([, list]) => list.includes(plain))
  return (
    <div class={styles.row}>
      <div class={styles.grow}>
        <Field label={label}>
          <select
            class={controls.select}
            value={plain}
            onChange={(event) => onChoose(event.currentTarget.value)}
          >
            {none !== undefined ? (
              <option value="">{none}</option>
            ) : (
              !value && <option value="">Choose…</option>
            )}
            {!known && plain && <option value={plain}>{labelOf(plain)}</option>}
            {groups.map(
              ([title, list]) =>
                list.length > 0 && (
                  <optgroup key={title} label={title}>
                    {list.map((name) => (
                      <option key={name} value={name}>
                        {labelOf(name)}
                      </option>
                    ))}
                  </optgroup>
                ),
            )}
          </select>
        </Field>
      </div>
      {chosen?.kind === 'metrics' && (
        <Select<MetricFunction>
          aria-label={`Which value of ${chosen.key}`}
          value={chosen.function ?? 'last'}
          choices={FUNCTIONS.map((name) => ({ value: name, label: name }))}
          onChoose={(of) => onChoose(columnName('metrics', chosen.key, of))}
        />
      )}
    </div>
  )
}
