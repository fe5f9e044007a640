import { useState } from 'preact/hooks'
import { useAsk } from '../../api/query'
import { quoteText } from '../../lib/columns'
import { ago } from '../../lib/format'
import { paths } from '../../paths'
import { go } from '../../state/address'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Check, Input } from '../../ui/Field'
import { Problem, Skeleton } from '../../ui/Notes'
import { Status } from '../../ui/Status'
import type { RunView } from './run'
import styles from './run.module.css'

const COLUMNS = ['attributes.run_name', 'attributes.status', 'attributes.start_time']
const OFFERED = 100

/** Choose runs of the same experiment to compare a run with. */
export function CompareDialog({ run, onClose }: { run: RunView; onClose: () => void }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState<readonly string[]>([])
  const pattern = quoteText(`%${text.trim().replaceAll('%', '')}%`)
  const { data, error } = useAsk(
    'runs/table',
    {
      experiment_ids: [run.experimentId],
      filter:
        `attributes.run_id != ${quoteText(run.id)}` +
        (text.trim() && ` AND attributes.run_name ILIKE ${pattern}`),
      columns: COLUMNS,
      max_results: OFFERED,
    },
    { keep: true },
  )
  const compare = () => {
    onClose()
    go(paths.compare([run.id, ...chosen], [run.experimentId]))
  }
  const [names = [], statuses = [], starts = []] = COLUMNS.map((name) => data?.columns[name])
  return (
    <Dialog
      title={`Compare ${run.name} with …`}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" disabled={chosen.length === 0} onClick={compare}>
            {chosen.length === 0 ? 'Compare' : `Compare ${chosen.length + 1} runs`}
          </Button>
        </>
      }
    >
      <Input
        type="search"
        autofocus
        aria-label="Find runs by name"
        placeholder="Find by name; the newest are offered"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      {error && <Problem>{error.message}</Problem>}
      <ul class={styles.offered} aria-label="Runs to compare with">
        {!data && !error && <Skeleton height={200} />}
        {data?.run_ids.map((id, index) => (
          <li key={id}>
            <Check
              label={String(names[index] ?? id)}
              checked={chosen.includes(id)}
              onCheck={(on) =>
                setChosen(on ? [...chosen, id] : chosen.filter((each) => each !== id))
              }
            />
            <Status bare of={String(statuses[index])} />
            <span class="quiet">{ago(Number(starts[index]))}</span>
          </li>
        ))}
        {data?.run_ids.length === 0 && <li class="quiet">No other run of that name.</li>}
      </ul>
    </Dialog>
  )
}
