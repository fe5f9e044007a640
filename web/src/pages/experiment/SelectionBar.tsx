import { ClipboardCopy, GitCompare, OctagonX, Pencil, RotateCcw, Tag, Trash2, X } from 'lucide'
import { useState } from 'preact/hooks'
import { count, plural } from '../../lib/format'
import { selectedCount } from '../../lib/selection'
import { paths } from '../../paths'
import { go } from '../../state/address'
import { useCommands, type Command } from '../../state/commands'
import { Button } from '../../ui/Button'
import { copy } from '../../ui/Copy'
import { complain, say } from '../../ui/Toasts'
import { idsOf, moveRuns } from './actions'
import styles from './experiment.module.css'
import { SelectionDialog, type Opened, type SelectionProps } from './SelectionDialogs'

/** What can be done with the runs that are ticked. */
export function SelectionBar({ selected, table, onClear }: SelectionProps) {
  const [opened, setOpened] = useState<Opened | null>(null)
  const number = selectedCount(selected, table.rows.total ?? 0)
  const { question, rows } = table
  const changed = () => rows.refresh()
  const withIds = (act: (ids: string[]) => unknown) => () =>
    void idsOf(selected, question).then(act).catch(complain)
  const compare = withIds((ids) => go(paths.compare(ids, question.experimentIds)))
  const restore = withIds((ids) => moveRuns(ids, 'list', changed).then(onClear))
  const copyIds = withIds((ids) =>
    copy(ids.join('\n')).then(() => say(`Copied ${plural(ids.length, 'id')}`)),
  )
  const deleted = question.lifecycle === 'DELETED_ONLY'
  const group = 'Selected runs'
  const commands: Command[] = [
    ...(number > MOST_COMPARED
      ? []
      : [{ group, label: 'Compare', icon: GitCompare, run: compare }]),
    { group, label: 'Delete', icon: Trash2, run: () => setOpened('delete') },
    { group, label: 'Add a tag', icon: Tag, run: () => setOpened('tag') },
    { group, label: 'Copy ids', icon: ClipboardCopy, run: copyIds },
  ]
  useCommands(number > 0 ? commands : NO_COMMANDS)
  if (number === 0) return null
  return (
    <div class={styles.selection} role="toolbar" aria-label="Selected runs">
      <strong>{count(number)} selected</strong>
      <Button
        small
        kind="primary"
        icon={GitCompare}
        disabled={number > MOST_COMPARED}
        title={number > MOST_COMPARED ? `Up to ${count(MOST_COMPARED)} runs` : undefined}
        onClick={compare}
      >
        Compare
      </Button>
      <Button small icon={Pencil} disabled={number !== 1} onClick={() => setOpened('rename')}>
        Rename
      </Button>
      <Button small icon={Tag} onClick={() => setOpened('tag')}>
        Add tag
      </Button>
      <Button small icon={Tag} onClick={() => setOpened('untag')}>
        Remove tag
      </Button>
      <Button small icon={OctagonX} onClick={() => setOpened('kill')}>
        Stop watching
      </Button>
      <Button small icon={ClipboardCopy} onClick={copyIds}>
        Copy ids
      </Button>
      {question.lifecycle !== 'ACTIVE_ONLY' && (
        <Button small icon={RotateCcw} onClick={restore}>
          Restore
        </Button>
      )}
      {!deleted && (
        <Button small kind="danger" icon={Trash2} onClick={() => setOpened('delete')}>
          Delete
        </Button>
      )}
      <span class={styles.space} />
      <Button small kind="quiet" icon={X} onClick={onClear}>
        Clear
      </Button>
      {opened && (
        <SelectionDialog
          kind={opened}
          number={number}
          selected={selected}
          table={table}
          onClear={onClear}
          onClose={() => setOpened(null)}
        />
      )}
    </div>
  )
}

/** Curves of more are not given at once. */
const MOST_COMPARED = 1_000
const NO_COMMANDS: readonly Command[] = []
