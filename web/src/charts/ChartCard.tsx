import {
  Copy,
  Download,
  Ellipsis,
  GripVertical,
  Maximize2,
  Pencil,
  RotateCcw,
  Sheet,
  Trash2,
  Type,
} from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChartSpec } from '../state/view'
import { IconButton } from '../ui/Button'
import { Menu, type MenuEntry } from '../ui/Menu'
import { complain } from '../ui/Toasts'
import { ChartBody, titleOf, type Shared } from './ChartBody'
import styles from './grid.module.css'
import { save } from '../lib/save'
import { asCsv, asPng, asSvg, fileName } from './lib/download'
import { useTheme, type Theme } from './lib/theme'
import { State } from './parts/State'
import { TableView } from './parts/TableView'
import type { Picture } from './types'

export interface CardActions {
  onSpec: (spec: ChartSpec) => void
  onEdit: () => void
  onRename: () => void
  onDuplicate: () => void
  onFull: () => void
  onRemove: () => void
  /** by so many places */
  onMove: (by: number) => void
  onDrag: (dragged: boolean) => void
  onDrop: () => void
}

/** One chart with its head; it asks and draws only while it is in view. */
export function ChartCard({
  spec,
  shared,
  width,
  height,
  span,
  ...actions
}: {
  spec: ChartSpec
  shared: Shared
  /** of the picture in it, in CSS pixels */
  width: number
  height: number
  /** columns of the grid */
  span: number
} & CardActions) {
  const card = useRef<HTMLElement>(null)
  const inView = useInView(card)
  const theme = useTheme()
  const [picture, setPicture] = useState<Picture | null>(null)
  const [asTable, setAsTable] = useState(false)
  const title = titleOf(spec)
  const zoomed = Boolean(spec.options.xRange || spec.options.yRange)
  return (
    <article
      ref={card}
      class={styles.card}
      style={{ gridColumn: `span ${span}` }}
      aria-label={title}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        actions.onDrop()
      }}
    >
      <header class={styles.head}>
        <Handle title={title} onMove={actions.onMove} onDrag={actions.onDrag} />
        <h3 class="ellipsis" title={title}>
          {title}
        </h3>
        {zoomed && (
          <IconButton
            small
            icon={RotateCcw}
            label="Show all (double click)"
            onClick={() => {
              const { xRange: _x, yRange: _y, ...options } = spec.options
              actions.onSpec({ ...spec, options })
            }}
          />
        )}
        <span class={styles.tools}>
          <IconButton small icon={Pencil} label={`Edit ${title}`} onClick={actions.onEdit} />
          <IconButton
            small
            icon={Maximize2}
            label={`Full screen ${title}`}
            onClick={actions.onFull}
          />
        </span>
        <Menu
          align="end"
          trigger={<IconButton small icon={Ellipsis} label={`More of ${title}`} />}
          entries={entriesOf(spec, actions, {
            asTable,
            onTable: () => setAsTable(!asTable),
            files: picture ? filesOf(picture, title, width, height, theme) : [],
          })}
        />
      </header>
      <div class={styles.body} style={{ minHeight: height }}>
        {inView ? (
          <>
            <div hidden={asTable}>
              <ChartBody
                spec={spec}
                title={title}
                shared={shared}
                width={width}
                height={height}
                onOptions={(options) => actions.onSpec({ ...spec, options })}
                onPicture={setPicture}
              />
            </div>
            {asTable && picture && <TableView picture={picture} height={height} />}
          </>
        ) : (
          <State height={height} />
        )}
      </div>
      <footer class={styles.notes} title={picture?.notes.join('; ')}>
        {picture?.notes.join(' · ')}
      </footer>
    </article>
  )
}

/** Moves a chart: by dragging, or by arrow keys. */
function Handle({
  title,
  onMove,
  onDrag,
}: {
  title: string
  onMove: (by: number) => void
  onDrag: (dragged: boolean) => void
}) {
  return (
    <span
      class={styles.handle}
      draggable
      onDragStart={(event) => {
        event.dataTransfer?.setData('text/plain', title)
        onDrag(true)
      }}
      onDragEnd={() => onDrag(false)}
    >
      <IconButton
        small
        icon={GripVertical}
        label={`Move ${title}`}
        title="Drag, or press arrow keys, to move"
        onKeyDown={(event) => {
          const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key]
          if (!by) return
          event.preventDefault()
          onMove(by)
        }}
      />
    </span>
  )
}

function entriesOf(
  spec: ChartSpec,
  actions: CardActions,
  { asTable, onTable, files }: { asTable: boolean; onTable: () => void; files: MenuEntry[] },
): MenuEntry[] {
  const widths = [1, 2, 3].map((width): MenuEntry => ({
    label: `Width: ${width} ${width === 1 ? 'column' : 'columns'}`,
    disabled: (spec.width ?? 1) === width,
    onSelect: () => actions.onSpec({ ...spec, width }),
  }))
  return [
    { label: 'Edit…', icon: Pencil, onSelect: actions.onEdit },
    { label: 'Rename…', icon: Type, onSelect: actions.onRename },
    { label: 'Duplicate', icon: Copy, onSelect: actions.onDuplicate },
    { label: 'Full screen', icon: Maximize2, onSelect: actions.onFull },
    { label: asTable ? 'Show as chart' : 'Show as table', icon: Sheet, onSelect: onTable },
    'line',
    ...widths,
    'line',
    ...files,
    ...(files.length ? ['line' as const] : []),
    { label: 'Remove', icon: Trash2, danger: true, onSelect: actions.onRemove },
  ]
}

function filesOf(
  picture: Picture,
  title: string,
  width: number,
  height: number,
  theme: Theme,
): MenuEntry[] {
  const csv: MenuEntry = {
    label: 'Download CSV',
    icon: Download,
    onSelect: () =>
      save(new Blob([asCsv(picture)], { type: 'text/csv;charset=utf-8' }), fileName(title, 'csv')),
  }
  if (!picture.draw) return [csv]
  return [
    {
      label: 'Download PNG',
      icon: Download,
      onSelect: () => {
        asPng(picture, title, width, height, theme)
          .then((blob) => save(blob, fileName(title, 'png')))
          .catch(complain)
      },
    },
    {
      label: 'Download SVG',
      icon: Download,
      onSelect: () => {
        const text = asSvg(picture, title, width, height, theme)
        save(new Blob([text], { type: 'image/svg+xml' }), fileName(title, 'svg'))
      },
    },
    csv,
  ]
}

/** Whether an element is on the screen, or nearly. */
function useInView(ref: { current: HTMLElement | null }): boolean {
  const [inView, setInView] = useState(false)
  useEffect(() => {
    const watch = new IntersectionObserver(
      (entries) => setInView(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: '150px' },
    )
    watch.observe(ref.current!)
    return () => watch.disconnect()
  }, [ref])
  return inView
}
