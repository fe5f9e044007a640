import { useState } from 'preact/hooks'
import { ask } from '../../api/client'
import { columnName } from '../../lib/columns'
import { plural } from '../../lib/format'
import { NAME } from '../../table/layout'
import { fetchRows } from '../../table/sources'
import { FormDialog } from '../../ui/Dialog'
import { Field, Input } from '../../ui/Field'
import { say } from '../../ui/Toasts'
import { forEach, idsOf, killRuns, moveRuns, runsChanged } from './actions'
import styles from './experiment.module.css'
import type { Table } from './useTable'

export type Opened = 'delete' | 'tag' | 'untag' | 'rename' | 'kill'

export interface SelectionProps {
  selected: readonly string[]
  table: Table
  onClear: () => void
}

interface OpenedProps extends SelectionProps {
  number: number
  onClose: () => void
}

/** The dialog that is open about the runs that are ticked. */
export function SelectionDialog({ kind, ...props }: OpenedProps & { kind: Opened }) {
  switch (kind) {
    case 'delete':
      return <Delete {...props} />
    case 'kill':
      return <Kill {...props} />
    case 'rename':
      return <Rename {...props} />
    case 'tag':
      return <TagDialog {...props} adds />
    case 'untag':
      return <TagDialog {...props} adds={false} />
  }
}

/** Deletes, and shows how far it is. */
function Delete({ number, selected, table, onClear, onClose }: OpenedProps) {
  const [done, setDone] = useState<number | null>(null)
  return (
    <FormDialog
      title={`Delete ${plural(number, 'run')}?`}
      action="Delete"
      danger
      onClose={onClose}
      onSubmit={async () => {
        const ids = await idsOf(selected, table.question)
        setDone(0)
        await moveRuns(ids, 'bin', () => table.rows.refresh(), setDone)
        onClear()
      }}
    >
      <p>They go to the bin and can be restored until somebody empties it with `mlflow gc`.</p>
      {done !== null && (
        <progress
          class={styles.progress}
          aria-label="Runs that were deleted"
          value={done}
          max={number}
        />
      )}
    </FormDialog>
  )
}

function Kill({ number, selected, table, onClear, onClose }: OpenedProps) {
  return (
    <FormDialog
      title={`Mark ${plural(number, 'run')} as killed?`}
      action="Mark as killed"
      danger
      onClose={onClose}
      onSubmit={async () => {
        const ids = await idsOf(selected, table.question)
        const running = await runningOf(table.question.experimentIds, ids)
        await killRuns(running, () => table.rows.refresh())
        if (running.length === 0) say('None of them is running')
        onClear()
      }}
    >
      <p>
        Those of them that are running are no longer waited for. This does not stop a program that
        still logs; do it for runs whose program is gone.
      </p>
    </FormDialog>
  )
}

async function runningOf(experimentIds: string[], ids: readonly string[]): Promise<string[]> {
  const running: string[] = []
  for (let start = 0; start < ids.length; start += 500) {
    const rows = await fetchRows(experimentIds, ids.slice(start, start + 500), [
      'attributes.status',
    ])
    for (const { id, cells } of rows) {
      if (['RUNNING', 'SCHEDULED'].includes(String(cells['attributes.status']))) running.push(id)
    }
  }
  return running
}

function Rename({ selected, table, onClose }: OpenedProps) {
  const id = selected.find((each) => each !== '*') ?? ''
  const index = table.rows.indexOf(id)
  const before = index === null ? '' : String(table.rows.at(index)?.row?.cells[NAME] ?? '')
  const [name, setName] = useState(before)
  return (
    <FormDialog
      title="Rename run"
      action="Rename"
      disabled={!name.trim()}
      onClose={onClose}
      onSubmit={async () => {
        const [only] = await idsOf(selected, table.question)
        await ask('runs/update', { run_id: only ?? id, run_name: name.trim() })
        runsChanged()
        table.rows.refresh()
      }}
    >
      <Field label="Name">
        <Input value={name} autofocus onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
    </FormDialog>
  )
}

function TagDialog({ adds, number, selected, table, onClose }: OpenedProps & { adds: boolean }) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  return (
    <FormDialog
      title={adds ? `Tag ${plural(number, 'run')}` : `Remove a tag of ${plural(number, 'run')}`}
      action={adds ? 'Add tag' : 'Remove tag'}
      disabled={!key.trim()}
      onClose={onClose}
      onSubmit={async () => {
        const name = key.trim()
        const ids = adds
          ? await idsOf(selected, table.question)
          : await taggedOf(await idsOf(selected, table.question), table, name)
        const done = await forEach(ids, (id) =>
          adds
            ? ask('runs/set-tag', { run_id: id, key: name, value })
            : ask('runs/delete-tag', { run_id: id, key: name }),
        )
        runsChanged()
        table.rows.refresh()
        say(`${adds ? 'Tagged' : 'Removed the tag of'} ${plural(done.length, 'run')}`)
      }}
    >
      <Field label="Name of the tag">
        <Input
          value={key}
          autofocus
          list="tags-in-use"
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </Field>
      <datalist id="tags-in-use">
        {table.names.tags.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {adds && (
        <Field label="Value">
          <Input value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        </Field>
      )}
    </FormDialog>
  )
}

/** Those of some runs that have a tag. */
async function taggedOf(ids: readonly string[], table: Table, key: string): Promise<string[]> {
  const name = columnName('tags', key)
  const found: string[] = []
  for (let start = 0; start < ids.length; start += 500) {
    const rows = await fetchRows(table.question.experimentIds, ids.slice(start, start + 500), [
      name,
    ])
    for (const { id, cells } of rows) if (cells[name] !== null) found.push(id)
  }
  return found
}
