import { Columns3, Download, Group, ListTree, Pause, Play, RefreshCw } from 'lucide'
import { useState } from 'preact/hooks'
import { column, columnName } from '../../lib/columns'
import { count, plural } from '../../lib/format'
import type { LiveState } from '../../state/live'
import { setPrefs, usePrefs } from '../../state/prefs'
import type { ChangeView } from '../../state/useView'
import type { Lifecycle, View } from '../../state/view'
import { ColumnChooser, type UsedNames } from '../../table/ColumnChooser'
import { titleOf } from '../../table/layout'
import { leavesChildren, orderOf } from '../../table/sources'
import { Button, IconButton } from '../../ui/Button'
import { Check, Input, Select } from '../../ui/Field'
import { Popover } from '../../ui/Popover'
import styles from './experiment.module.css'
import { FilterMenu } from './FilterMenu'
import type { Table } from './useTable'

const LIFECYCLES: readonly { value: Lifecycle; label: string }[] = [
  { value: 'ACTIVE_ONLY', label: 'Active' },
  { value: 'DELETED_ONLY', label: 'Deleted' },
  { value: 'ALL', label: 'Active and deleted' },
]
const MOST_KEYS = 4

export interface ToolbarProps {
  view: View
  change: ChangeView
  table: Table
  all: number | null
  live: LiveState
  onExport: () => void
}

/** What is shown of the runs, and how many there are. */
export function Toolbar({ view, change, table, all, live, onExport }: ToolbarProps) {
  return (
    <div class={styles.toolbar} role="toolbar" aria-label="Table">
      <Total table={table} all={all} />
      <Select
        aria-label="Which runs"
        value={view.lifecycle}
        choices={LIFECYCLES}
        onChoose={(lifecycle) => change({ lifecycle, selected: [] })}
      />
      <FilterMenu
        experimentIds={table.question.experimentIds}
        filter={view.filter}
        onFilter={(filter) => change({ filter })}
      />
      <Popover label="Columns" trigger={<Button icon={Columns3}>Columns</Button>}>
        <ColumnChooser
          names={table.names}
          columns={table.columns}
          onChange={(columns) => change({ columns })}
        />
      </Popover>
      <Grouping names={table.names} view={view} change={change} />
      <Button
        icon={ListTree}
        aria-pressed={view.tree}
        disabled={view.group.length > 0}
        title="Show children below their parents"
        onClick={() => change({ tree: !view.tree, unfolded: [] })}
      >
        Nested
      </Button>
      <Button
        aria-pressed={view.differ}
        title="Show only columns whose values are not the same in all runs"
        onClick={() => change({ differ: !view.differ })}
      >
        Differences only
      </Button>
      {table.lookedAt !== null && (
        <span class={styles.small}>found in the newest {plural(table.lookedAt, 'run')}</span>
      )}
      <span class={styles.space} />
      <LiveSwitch state={live} />
      <IconButton icon={RefreshCw} label="Ask again" onClick={() => table.rows.refresh()} />
      <Button icon={Download} onClick={onExport}>
        Export
      </Button>
    </div>
  )
}

/** `12,345 runs`, or `37 of 100,000 match`. */
function Total({ table, all }: { table: Table; all: number | null }) {
  const { total, kind } = table.rows
  const text =
    total === null || (table.rows.isOld && table.error !== null)
      ? '…'
      : kind === 'groups'
        ? plural(total, 'group')
        : table.question.filter && all !== null
          ? `${count(total)} of ${count(all)} match`
          : `${plural(total, 'run')}${leavesChildren(table.question) ? ' at the top' : ''}`
  return (
    <span class={styles.total} role="status">
      {text}
    </span>
  )
}

const LIVE: Record<LiveState, string> = {
  off: 'Paused',
  stream: 'Live',
  poll: 'Live',
  away: 'Waiting for the server',
}

function LiveSwitch({ state }: { state: LiveState }) {
  const { live } = usePrefs()
  return (
    <Button
      icon={live ? Pause : Play}
      kind="quiet"
      aria-pressed={live}
      title={live ? 'Stop following changes' : 'Follow changes as they happen'}
      onClick={() => setPrefs({ live: !live })}
    >
      <span class={`${styles.pulse} ${live && state !== 'away' ? styles.beating : ''}`} />
      {live ? LIVE[state === 'off' ? 'stream' : state] : LIVE.off}
    </Button>
  )
}

/** Which params and tags make groups of runs. */
function Grouping({ names, view, change }: { names: UsedNames; view: View; change: ChangeView }) {
  const [text, setText] = useState('')
  const { group } = view
  const wanted = text.trim().toLowerCase()
  const all = [
    ...new Set([
      ...group,
      ...names.params.map((key) => columnName('params', key)),
      'attributes.status',
      'attributes.user_id',
      ...names.tags.map((key) => columnName('tags', key)),
    ]),
  ]
  const found = all.filter((name) => name.toLowerCase().includes(wanted)).slice(0, 100)
  const title = group.map((name) => titleOf(column(name))).join(', ')
  return (
    <Popover
      label="Group by"
      trigger={
        <Button icon={Group} aria-pressed={group.length > 0}>
          {title ? `By ${title}` : 'Group'}
        </Button>
      }
    >
      <div class={styles.grouping}>
        <Input
          type="search"
          aria-label="Find a param or tag"
          placeholder="Find a param or tag"
          value={text}
          autofocus
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class={styles.choices} role="group" aria-label="Group by">
          {found.map((name) => (
            <Check
              key={name}
              label={
                <>
                  {titleOf(column(name))} <span class="quiet">{column(name).kind}</span>
                </>
              }
              checked={group.includes(name)}
              disabled={!group.includes(name) && group.length >= MOST_KEYS}
              onCheck={(on) =>
                change(grouped(view, on ? [...group, name] : group.filter((each) => each !== name)))
              }
            />
          ))}
        </div>
        {group.length > 0 && (
          <Button onClick={() => change(grouped(view, []))}>Do not group</Button>
        )}
      </div>
    </Popover>
  )
}

/** A view that is grouped by other columns; what sorts runs and groups alike goes on sorting. */
export function grouped({ order }: Pick<View, 'order'>, group: string[]): Partial<View> {
  const sortsBoth = ['metrics', 'params'].includes(column(orderOf(order).name).kind)
  return { group, unfolded: [], order: sortsBoth ? order : '' }
}
