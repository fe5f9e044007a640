import { ChevronDown, ChevronRight, Eye, EyeOff } from 'lucide'
import { memo } from 'preact/compat'
import { column } from '../lib/columns'
import { runName } from '../lib/format'
import { paths } from '../paths'
import { Icon } from '../ui/Icon'
import { shown } from './cells'
import { NAME, titleOf, type Drawn, type Layout } from './layout'
import type { RowData } from './level'
import styles from './table.module.css'

/** What of a row can be clicked; the table hears the clicks of all rows itself. */
export type Doing = 'select' | 'hide' | 'fold'

export interface RowProps {
  index: number
  /** null while it is on its way */
  row: RowData | null
  kind: 'runs' | 'groups'
  group: readonly string[]
  depth: number
  foldable: boolean
  unfolded: boolean
  selected: boolean
  /** its eye is closed; null where there are no charts */
  hidden: boolean | null
  active: boolean
  highlighted: boolean
  colour: string | null
  layout: Layout
  /** which of the loose columns are drawn */
  first: number
  last: number
  lead: number
  height: number
}

/** One row. It has no handlers and only plain properties, so that it is drawn again rarely. */
export const Row = memo(function Row(props: RowProps) {
  const { index, row, layout, first, last, height } = props
  if (!row) return <Waiting {...props} />
  const loose = layout.loose.slice(first, last)
  const skipped = (loose[0]?.left ?? 0) - layout.pinnedWidth
  return (
    <div
      id={`row-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={props.kind === 'runs' ? props.selected : undefined}
      aria-level={props.foldable || props.depth > 0 ? props.depth + 1 : undefined}
      aria-expanded={props.foldable ? props.unfolded : undefined}
      data-index={index}
      data-run={props.kind === 'runs' ? row.id : undefined}
      class={classes(props)}
      style={{ transform: `translateY(${index * height}px)` }}
    >
      {/* one box that sticks for all of them: each such box costs a layer */}
      <div role="none" class={styles.stuck}>
        <Lead {...props} row={row} />
        {layout.pinned.map((each) => (
          <CellOf key={each.name} of={each} row={row} width={each.width}>
            {each.name === NAME && <NameOf {...props} row={row} />}
          </CellOf>
        ))}
      </div>
      {skipped > 0 && <div role="none" style={{ width: skipped, flex: 'none' }} />}
      {loose.map((each) => (
        <CellOf key={each.name} of={each} row={row} width={each.width} />
      ))}
    </div>
  )
})

/** A row that is on its way. Who drags the scrollbar sees many of them: it is as light as can be. */
function Waiting(props: RowProps) {
  const { index, height, lead } = props
  return (
    <div
      id={`row-${index}`}
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      class={classes(props)}
      style={{ transform: `translateY(${index * height}px)` }}
    >
      <div role="gridcell" class={styles.waiting} style={{ marginLeft: lead }}>
        <span class="aside">Loading</span>
      </div>
    </div>
  )
}

function classes({ active, highlighted, selected, hidden, kind }: RowProps): string {
  return [
    styles.row,
    active && styles.active,
    highlighted && styles.highlighted,
    selected && styles.selected,
    hidden && styles.hidden,
    kind === 'groups' && styles.group,
  ]
    .filter(Boolean)
    .join(' ')
}

/** What a row is called when its controls are read out. */
function nameOf(row: RowData): string {
  return runName(row.cells[NAME], row.id)
}

type There = RowProps & { row: RowData }

function Lead({ row, kind, selected, hidden, lead }: There) {
  return (
    <div role="gridcell" class={styles.lead} style={{ width: lead }}>
      {kind === 'runs' && (
        <>
          <input
            type="checkbox"
            tabIndex={-1}
            data-do="select"
            aria-label={`Select ${nameOf(row)}`}
            checked={selected}
          />
          {hidden !== null && (
            <button
              type="button"
              tabIndex={-1}
              data-do="hide"
              class={styles.eye}
              aria-pressed={hidden}
              aria-label={`Hide ${nameOf(row)} in charts`}
              title={hidden ? 'Show in charts' : 'Hide in charts'}
            >
              <Icon of={hidden ? EyeOff : Eye} size={14} />
            </button>
          )}
        </>
      )}
    </div>
  )
}

function CellOf({
  of,
  row,
  width,
  children,
}: {
  of: Drawn
  row: RowData
  width: number
  children?: preact.ComponentChildren
}) {
  const own = children ? null : shown(of, row.cells[of.name])
  return (
    <div
      role="gridcell"
      class={of.right ? `${styles.cell} ${styles.right}` : styles.cell}
      style={{ width }}
      title={own?.title}
    >
      {children || own?.content}
    </div>
  )
}

function NameOf({ row, kind, group, depth, foldable, unfolded, colour }: There) {
  return (
    <span class={styles.name} style={{ paddingLeft: depth * 18 }}>
      {foldable ? (
        <button
          type="button"
          tabIndex={-1}
          data-do="fold"
          class={styles.fold}
          aria-label={unfolded ? 'Fold' : 'Unfold'}
        >
          <Icon of={unfolded ? ChevronDown : ChevronRight} size={15} />
        </button>
      ) : (
        depth > 0 && <span class={styles.fold} />
      )}
      {colour && <span class={styles.dot} style={{ background: colour }} aria-hidden="true" />}
      {kind === 'groups' ? (
        <GroupName row={row} group={group} />
      ) : (
        <a
          class="ellipsis"
          tabIndex={-1}
          href={paths.run(String(row.cells['attributes.experiment_id'] ?? '_'), row.id)}
          title={String(row.cells[NAME] ?? '').trim() || row.id}
        >
          {nameOf(row)}
        </a>
      )}
    </span>
  )
}

function GroupName({ row, group }: { row: RowData; group: readonly string[] }) {
  return (
    <span class="ellipsis">
      {group.map((name) => (
        <span key={name} class={styles.part}>
          <span class="quiet">{titleOf(column(name))}</span>{' '}
          <strong>
            {row.cells[name] === null ? <em>none</em> : String(row.cells[name] ?? '…')}
          </strong>{' '}
        </span>
      ))}
    </span>
  )
}
