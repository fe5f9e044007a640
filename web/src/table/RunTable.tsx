import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { isSelected } from '../lib/selection'
import { setHighlighted, useHighlighted } from '../state/highlight'
import { usePrefs } from '../state/prefs'
import { HeadCell, type ColumnActions } from './Head'
import { between, type Layout } from './layout'
import { Row } from './Row'
import type { Rows } from './rows'
import styles from './table.module.css'
import { isFoldable, useKeys } from './useKeys'
import { useViewport } from './useViewport'

const HEIGHTS = { compact: 30, comfortable: 38 } as const

export interface RunTableProps {
  rows: Rows
  layout: Layout
  order: string
  group: readonly string[]
  tree: boolean
  unfolded: readonly string[]
  selected: readonly string[]
  hidden: readonly string[]
  /** charts are beside the table: rows have eyes and colours */
  charted: boolean
  colourOf: (runId: string) => string
  columns: ColumnActions
  onSelect: (ids: readonly string[], ticked: boolean) => void
  onSelectAll: () => void
  onClear: () => void
  onHide: (id: string, hidden: boolean) => void
  onFold: (id: string, unfolded: boolean) => void
  /** the first row is in view */
  onTop: (atTop: boolean) => void
  onWindow: (first: number, last: number, columns: readonly string[]) => void
}

/** The table of runs: only what is in view is drawn, and only what is near is fetched. */
export function RunTable(props: RunTableProps) {
  const { rows, layout, charted } = props
  const box = useRef<HTMLDivElement>(null)
  const height = HEIGHTS[usePrefs().density]
  const lead = charted ? 62 : 38
  const length = rows.isFirst ? 24 : rows.length
  const view = useViewport(box, height, length)
  const [first, last] = between(layout, view.left + layout.pinnedWidth, view.right - lead)
  const keys = useKeys(props, box, height)
  const highlighted = useHighlighted()
  const selected = useMemo(() => new Set(props.selected), [props.selected])
  const hidden = useMemo(() => new Set(props.hidden), [props.hidden])
  const unfolded = useMemo(() => new Set(props.unfolded), [props.unfolded])

  const drawn = useMemo(
    () => [...layout.pinned, ...layout.loose.slice(first, last)].map((each) => each.name),
    [layout, first, last],
  )
  const { answers } = rows
  useLayoutEffect(() => {
    if (answers > 0 && box.current) box.current.scrollTop = 0
  }, [answers])
  const { onWindow, onTop } = props
  useEffect(() => {
    onWindow(view.seenFirst, view.seenLast, drawn)
    onTop(view.seenFirst === 0)
  }, [view.seenFirst, view.seenLast, drawn, onWindow, onTop])

  const list: JSX.Element[] = []
  for (let index = view.first; index < Math.min(view.last, length); index++) {
    const place = rows.at(index)
    const id = place?.row?.id ?? ''
    list.push(
      <Row
        key={index % (view.last - view.first)}
        index={index}
        row={place?.row ?? null}
        kind={place?.level.kind ?? 'runs'}
        group={props.group}
        depth={place?.depth ?? 0}
        foldable={place !== null && isFoldable(place, props.tree)}
        unfolded={unfolded.has(id)}
        selected={id !== '' && isSelected(selected, id)}
        hidden={charted ? hidden.has(id) : null}
        active={index === keys.active}
        highlighted={id !== '' && id === highlighted}
        colour={charted && place?.row && place.level.kind === 'runs' ? props.colourOf(id) : null}
        layout={layout}
        first={first}
        last={last}
        lead={lead}
        height={height}
      />,
    )
  }
  const folds = props.tree || props.group.length > 0
  return (
    <div
      ref={box}
      role={folds ? 'treegrid' : 'grid'}
      aria-label="Runs"
      aria-rowcount={rows.isFirst ? -1 : length + 1}
      aria-colcount={layout.pinned.length + layout.loose.length + 1}
      aria-multiselectable="true"
      aria-busy={rows.isFirst || rows.isOld}
      aria-activedescendant={keys.active !== null ? `row-${keys.active}` : undefined}
      tabIndex={0}
      class={`${styles.table} ${rows.isOld ? styles.old : ''}`}
      onKeyDown={keys.onKeyDown}
      onClick={keys.onClick}
      onPointerOver={(event) => setHighlighted(runAt(event.target))}
      onPointerLeave={() => setHighlighted(null)}
    >
      <div
        class={styles.headRow}
        role="row"
        aria-rowindex={1}
        style={{ width: lead + layout.width }}
      >
        <HeadRow {...props} lead={lead} first={first} last={last} />
      </div>
      <div
        role="rowgroup"
        class={styles.body}
        style={{ height: length * height, width: lead + layout.width }}
      >
        {list}
      </div>
    </div>
  )
}

function HeadRow({
  layout,
  order,
  columns,
  selected,
  rows,
  onSelectAll,
  lead,
  first,
  last,
}: RunTableProps & { lead: number; first: number; last: number }) {
  const loose = layout.loose.slice(first, last)
  const skipped = (loose[0]?.left ?? 0) - layout.pinnedWidth
  return (
    <>
      <div role="none" class={styles.stuck}>
        <div role="columnheader" aria-colindex={1} class={styles.lead} style={{ width: lead }}>
          {rows.kind === 'runs' ? (
            <input
              type="checkbox"
              aria-label="Select all runs that match"
              checked={selected[0] === '*'}
              ref={(element) => {
                if (element) element.indeterminate = selected.length > 0 && selected.join() !== '*'
              }}
              onChange={onSelectAll}
            />
          ) : (
            <span class="aside">Selection</span>
          )}
        </div>
        {layout.pinned.map((each, at) => (
          <HeadCell key={each.name} of={each} order={order} actions={columns} index={at + 2} />
        ))}
      </div>
      {skipped > 0 && <div role="none" style={{ width: skipped, flex: 'none' }} />}
      {loose.map((each, at) => (
        <HeadCell
          key={each.name}
          of={each}
          order={order}
          actions={columns}
          index={layout.pinned.length + first + at + 2}
        />
      ))}
    </>
  )
}

function runAt(target: EventTarget | null): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-run]') : null
  return row?.dataset.run ?? null
}
