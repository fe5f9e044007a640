import {
  ArrowDown, ArrowLeft, ArrowRight, ArrowUp, Check, ChevronDown, EyeOff, Filter, Group, Pin, PinOff, X,
} from 'lucide' // prettier-ignore
import { memo } from 'preact/compat'
import { useRef, useState } from 'preact/hooks'
import { columnName, FUNCTIONS } from '../lib/columns'
import { IconButton } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { Menu, type MenuEntry } from '../ui/Menu'
import { clampWidth, NAME, type Drawn } from './layout'
import { isSortable, orderOf } from './sources'
import styles from './table.module.css'

/** What can be done with columns. */
export interface ColumnActions {
  order: (order: string) => void
  /** while its edge is dragged: browsers refuse addresses that change with every frame */
  drag: (name: string, width: number) => void
  /** null is the usual width */
  resize: (name: string, width: number | null) => void
  pin: (name: string, pinned: boolean) => void
  hide: (name: string) => void
  replace: (name: string, by: string) => void
  /** to before another column */
  move: (name: string, before: string) => void
  shift: (name: string, step: -1 | 1) => void
  groupBy: (name: string) => void
  filterBy: (name: string) => void
}

/** The order after a click on a head: upwards, downwards, none. */
export function nextOrder(order: string, name: string): string {
  const now = orderOf(order)
  if (now.name !== name) return `${name} ASC`
  return now.descending ? '' : `${name} DESC`
}

/** One head. Its menu is costly, so it is drawn again only when something of it changes. */
export const HeadCell = memo(function HeadCell({
  of,
  order,
  actions,
  index,
}: {
  of: Drawn
  order: string
  actions: ColumnActions
  index: number
}) {
  const now = orderOf(order)
  const sorted = now.name === of.name && order !== ''
  const [over, setOver] = useState(false)
  return (
    <div
      role="columnheader"
      aria-colindex={index}
      aria-sort={sorted ? (now.descending ? 'descending' : 'ascending') : undefined}
      class={[styles.head, of.right && styles.right, over && styles.over].filter(Boolean).join(' ')}
      style={{ width: of.width }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes(DRAGGED)) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false)
        const name = event.dataTransfer?.getData(DRAGGED)
        if (name && name !== of.name) actions.move(name, of.name)
      }}
    >
      <Title of={of} order={order} sorted={sorted} actions={actions} />
      <Menu
        trigger={
          <IconButton
            small
            icon={ChevronDown}
            label={`Options of ${of.title}`}
            class={styles.more}
          />
        }
        entries={entries(of, order, actions)}
        align="end"
      />
      <Resizer of={of} actions={actions} />
    </div>
  )
})

const DRAGGED = 'application/x-millstream-column'

function Title({
  of,
  order,
  sorted,
  actions,
}: {
  of: Drawn
  order: string
  sorted: boolean
  actions: ColumnActions
}) {
  const drag = {
    draggable: of.name !== NAME,
    onDragStart: (event: DragEvent) => event.dataTransfer?.setData(DRAGGED, of.name),
  }
  const about = `${of.title} (${of.name})`
  if (!isSortable(of.name)) {
    return (
      <span class={styles.title} title={about} {...drag}>
        <span class="ellipsis">{of.title}</span>
      </span>
    )
  }
  return (
    <button
      type="button"
      class={styles.title}
      title={about}
      onClick={() => actions.order(nextOrder(order, of.name))}
      {...drag}
    >
      <span class="ellipsis">{of.title}</span>
      {sorted && <Icon of={orderOf(order).descending ? ArrowDown : ArrowUp} size={13} />}
    </button>
  )
}

function entries(of: Drawn, order: string, actions: ColumnActions): MenuEntry[] {
  const { name } = of
  const list: MenuEntry[] = []
  if (isSortable(name)) {
    list.push(
      { label: 'Sort ascending', icon: ArrowUp, onSelect: () => actions.order(`${name} ASC`) },
      { label: 'Sort descending', icon: ArrowDown, onSelect: () => actions.order(`${name} DESC`) },
    )
    if (order && orderOf(order).name === name) {
      list.push({ label: 'Do not sort', icon: X, onSelect: () => actions.order('') })
    }
  }
  if (of.kind === 'metrics') {
    list.push('line')
    for (const each of FUNCTIONS) {
      list.push({
        label: `Show ${WORDS[each]}`,
        ...(each === of.function && { icon: Check }),
        onSelect: () => actions.replace(name, columnName('metrics', of.key, each)),
      })
    }
  }
  list.push('line')
  if (of.kind !== 'special') {
    list.push({ label: 'Filter by it', icon: Filter, onSelect: () => actions.filterBy(name) })
  }
  if (canGroup(of)) {
    list.push({ label: 'Group by it', icon: Group, onSelect: () => actions.groupBy(name) })
  }
  if (name === NAME) return list
  list.push(
    of.pinned
      ? { label: 'Unpin', icon: PinOff, onSelect: () => actions.pin(name, false) }
      : { label: 'Pin to the left', icon: Pin, onSelect: () => actions.pin(name, true) },
    { label: 'Move left', icon: ArrowLeft, onSelect: () => actions.shift(name, -1) },
    { label: 'Move right', icon: ArrowRight, onSelect: () => actions.shift(name, 1) },
    { label: 'Hide', icon: EyeOff, onSelect: () => actions.hide(name) },
  )
  return list
}

const WORDS: Record<(typeof FUNCTIONS)[number], string> = {
  last: 'last value',
  min: 'minimum',
  max: 'maximum',
  mean: 'mean',
  first: 'first value',
  count: 'number of values',
}
const GROUPED = new Set(['status', 'user_id', 'run_name'])

/** Whether runs can be grouped by a column. */
export function canGroup({ kind, key }: { kind: string; key: string }): boolean {
  return kind === 'params' || kind === 'tags' || (kind === 'attributes' && GROUPED.has(key))
}

/** The right edge of a head: dragged, or moved by the arrow keys; a double click gives the usual width. */
function Resizer({ of, actions }: { of: Drawn; actions: ColumnActions }) {
  const from = useRef<{ x: number; width: number } | null>(null)
  const end = () => {
    if (from.current && from.current.width !== of.width) actions.resize(of.name, of.width)
    from.current = null
  }
  return (
    <span
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${of.title}`}
      aria-valuenow={of.width}
      tabIndex={0}
      class={styles.resizer}
      onPointerDown={(event) => {
        event.preventDefault()
        event.currentTarget.setPointerCapture(event.pointerId)
        from.current = { x: event.clientX, width: of.width }
      }}
      onPointerMove={(event) => {
        const start = from.current
        if (start) actions.drag(of.name, clampWidth(start.width + event.clientX - start.x))
      }}
      onPointerUp={end}
      onPointerCancel={end}
      onDblClick={() => actions.resize(of.name, null)}
      onKeyDown={(event) => {
        const step = { ArrowLeft: -10, ArrowRight: 10 }[event.key]
        if (step === undefined) return
        event.preventDefault()
        event.stopPropagation()
        actions.resize(of.name, clampWidth(of.width + step))
      }}
    />
  )
}
