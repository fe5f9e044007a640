import { useMemo } from 'preact/hooks'
import type { DatasetInput } from '../../api/schema'
import { CopyButton } from '../../ui/Copy'
import { Badge } from '../../ui/Notes'
import { summarise, type DatasetSummary } from './datasets'
import { Fact } from './Fact'
import { Panel } from './Panel'
import styles from './run.module.css'

/** The data sets that a run read. */
export function Datasets({ inputs }: { inputs: readonly DatasetInput[] }) {
  const sets = useMemo(() => inputs.map(summarise), [inputs])
  if (sets.length === 0) return null
  return (
    <Panel title="Data sets" shown={sets.length} all={sets.length}>
      {sets.map((set, index) => (
        <Dataset key={index} set={set} />
      ))}
    </Panel>
  )
}

function Dataset({ set }: { set: DatasetSummary }) {
  return (
    <div class={styles.item}>
      <div class={styles.itemHead}>
        <strong class="ellipsis" title={set.name}>
          {set.name}
        </strong>
        {set.context && <Badge>{set.context}</Badge>}
      </div>
      <dl class={styles.list}>
        <Fact name="Digest" copy={set.digest}>
          <code>{set.digest}</code>
        </Fact>
        <Fact name="Source" copy={set.source}>
          {set.source} <span class="quiet">({set.sourceType})</span>
        </Fact>
        {set.profile.map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      {set.fields.length > 0 && (
        <details class={styles.fold}>
          <summary>
            Schema: {set.fields.length} {set.fields.length === 1 ? 'column' : 'columns'}
          </summary>
          <div
            class={styles.schema}
            tabIndex={0}
            role="region"
            aria-label={`Schema of ${set.name}`}
          >
            <table>
              <thead>
                <tr>
                  <th scope="col">Column</th>
                  <th scope="col">Type</th>
                </tr>
              </thead>
              <tbody>
                {set.fields.slice(0, MOST).map((field, index) => (
                  <tr key={index}>
                    <th scope="row">{field.name || '–'}</th>
                    <td>
                      {field.type}
                      {!field.required && <span class="quiet"> (optional)</span>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {set.fields.length > MOST && (
            <p class={styles.none}>
              And {set.fields.length - MOST} more.{' '}
              <CopyButton
                text={JSON.stringify(set.fields, null, 2)}
                label="Copy the whole schema"
              />
            </p>
          )}
        </details>
      )}
    </div>
  )
}

/** Columns that are listed; nobody reads more, and thousands would make the page slow. */
const MOST = 200
