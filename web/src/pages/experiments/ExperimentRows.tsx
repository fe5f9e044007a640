import { ArrowDown, ArrowUp } from 'lucide'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, useState } from 'preact/hooks'
import { usePrefs } from '../../state/prefs'
import { Icon } from '../../ui/Icon'
import { Skeleton } from '../../ui/Notes'
import { ExperimentLine, FolderLine, type LineActions } from './lines'
import styles from './experiments.module.css'
import type { Order, Row, Sort } from './tree'

const HEADS: readonly { by: Sort; label: string; class?: string | undefined }[] = [
  { by: 'name', label: 'Name' },
  { by: 'runs', label: 'Runs', class: 'number' },
  { by: 'activity', label: 'Last activity', class: 'number' },
  { by: 'created', label: 'Created', class: 'number' },
]

interface Props extends LineActions {
  rows: readonly Row[]
  order: Order
  onOrder: (order: Order) => void
  selected: ReadonlyMap<string, unknown>
  onSelectAll: (selected: boolean) => void
  loading: boolean
}

/** The list of experiments: a grid whose rows are drawn only where they are seen. */
export function ExperimentRows({ rows, loading, ...props }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const { density } = usePrefs()
  const height = density === 'compact' ? 34 : 42
  const [at, setAt] = useState(0)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
  })
  useEffect(() => virtual.measure(), [height, virtual])
  const active = Math.min(at, Math.max(0, rows.length - 1))
  const focus = useRowFocus(scroller)
  const move = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index))
    setAt(next)
    virtual.scrollToIndex(next)
    focus(next)
  }
  return (
    <div
      ref={scroller}
      class={styles.scroller}
      role="treegrid"
      aria-label="Experiments"
      aria-rowcount={rows.length + 1}
      aria-multiselectable="true"
      onKeyDown={(event) => {
        if (isRow(event.target) && pressed(event.key, rows, active, move, props))
          event.preventDefault()
      }}
    >
      <Head {...props} rows={rows} />
      {loading && <Waiting />}
      <div role="rowgroup" class={styles.rows} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]!
          const place = {
            'aria-rowindex': index + 2,
            'aria-level': row.depth + 1,
            'data-index': index,
            tabIndex: index === active ? 0 : -1,
            style: { transform: `translateY(${start}px)`, height },
            onFocus: () => setAt(index),
          }
          return row.kind === 'folder' ? (
            <FolderLine key={row.key} row={row} place={place} {...props} />
          ) : (
            <ExperimentLine
              key={row.key}
              row={row}
              place={place}
              {...props}
              selected={props.selected.has(row.item.id)}
            />
          )
        })}
      </div>
    </div>
  )
}

function Head({
  rows,
  order,
  onOrder,
  selected,
  onSelectAll,
}: Pick<Props, 'rows' | 'order' | 'onOrder' | 'selected' | 'onSelectAll'>) {
  return (
    <div role="rowgroup" class={styles.head}>
      <div role="row" aria-rowindex={1} class={styles.line}>
        <span role="columnheader" class={styles.tick}>
          <input
            type="checkbox"
            aria-label="Select all that are shown"
            disabled={rows.length === 0}
            checked={selected.size > 0}
            onChange={(event) => onSelectAll(event.currentTarget.checked)}
          />
        </span>
        {HEADS.map(({ by, label, class: more }) => {
          const sorted = order.by === by
          const first = by !== 'name' // numbers and times begin with the largest
          return [
            <span
              key={by}
              role="columnheader"
              class={more}
              aria-sort={sorted ? (order.descending ? 'descending' : 'ascending') : 'none'}
            >
              <button
                type="button"
                class={styles.sort}
                onClick={() => onOrder({ by, descending: sorted ? !order.descending : first })}
              >
                {label}
                {sorted && <Icon of={order.descending ? ArrowDown : ArrowUp} size={13} />}
              </button>
            </span>,
            by === 'name' && (
              <span key="tags" role="columnheader" class={styles.tags}>
                Tags
              </span>
            ),
          ]
        })}
        <span role="columnheader">
          <span class="aside">Actions</span>
        </span>
      </div>
    </div>
  )
}

/** Rows that stand in for those that are on their way. */
function Waiting() {
  return (
    <div class={styles.waiting} aria-hidden="true">
      {[230, 310, 180, 270, 210, 340, 250, 190].map((width) => (
        <div key={width} class={styles.line}>
          <span />
          <Skeleton width={width} />
          <Skeleton width={80} />
          <Skeleton width={40} />
          <Skeleton width={70} />
          <Skeleton width={70} />
        </div>
      ))}
    </div>
  )
}

function isRow(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.role === 'row'
}

/** Do what a key means on a row; false if it means nothing. */
function pressed(
  key: string,
  rows: readonly Row[],
  at: number,
  move: (index: number) => void,
  { onToggle, onOpen, onSelect }: LineActions,
): boolean {
  const row = rows[at]
  if (!row) return false
  const folder = row.kind === 'folder' ? row : null
  switch (key) {
    case 'ArrowDown':
      move(at + 1)
      return true
    case 'ArrowUp':
      move(at - 1)
      return true
    case 'Home':
      move(0)
      return true
    case 'End':
      move(rows.length - 1)
      return true
    case 'ArrowRight':
      if (folder && !folder.open) onToggle(folder)
      else if (folder) move(at + 1)
      return true
    case 'ArrowLeft':
      if (folder?.open) onToggle(folder)
      else move(rows.findLastIndex((each, index) => index < at && each.depth < row.depth))
      return true
    case 'Enter':
      if (row.kind === 'folder') onToggle(row)
      else onOpen(row)
      return true
    case ' ':
      if (row.kind === 'experiment') onSelect(row, false)
      return true
    default:
      return false
  }
}

/** Gives the focus to a row, if need be once it is drawn. */
function useRowFocus(scroller: { current: HTMLElement | null }): (index: number) => void {
  const wanted = useRef<number | null>(null)
  const attempt = () => {
    if (wanted.current === null) return
    const row = scroller.current?.querySelector<HTMLElement>(`[data-index="${wanted.current}"]`)
    if (!row) return
    wanted.current = null
    row.focus({ preventScroll: true })
  }
  useEffect(attempt)
  return (index) => {
    wanted.current = index
    attempt()
  }
}
