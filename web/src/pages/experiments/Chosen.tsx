import { FolderOpen, RotateCcw, Trash2 } from 'lucide'
import { count } from '../../lib/format'
import { paths } from '../../paths'
import { go } from '../../state/address'
import { encodeView } from '../../state/view'
import { Button } from '../../ui/Button'
import { moveExperiments } from './actions'
import styles from './experiments.module.css'
import type { Item } from './tree'

/** What can be done with the experiments that are ticked. */
export function Chosen({
  items,
  deleted,
  onClear,
}: {
  items: readonly Item[]
  deleted: boolean
  onClear: () => void
}) {
  const move = (into: 'bin' | 'list') => {
    void moveExperiments(items, into)
    onClear()
  }
  const [first, ...rest] = items.map((item) => item.id)
  return (
    <div class={styles.chosen} role="toolbar" aria-label="Selected experiments">
      <strong>{count(items.length)} selected</strong>
      {deleted ? (
        <Button icon={RotateCcw} onClick={() => move('list')}>
          Restore
        </Button>
      ) : (
        <>
          <Button
            icon={FolderOpen}
            onClick={() => go(paths.experiment(first!, encodeView({ also: rest })))}
          >
            Open together
          </Button>
          <Button icon={Trash2} kind="danger" onClick={() => move('bin')}>
            Delete
          </Button>
        </>
      )}
      <Button kind="quiet" onClick={onClear}>
        Clear
      </Button>
    </div>
  )
}
