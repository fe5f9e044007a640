import type { ComponentChildren, CSSProperties } from 'preact'
import { memo } from 'preact/compat'
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import styles from './grid.module.css'

export interface GridCell {
  content: ComponentChildren
  class?: string | undefined
  title?: string | undefined
}

interface Window {
  top: number
  bottom: number
  left: number
  right: number
}

interface Props {
  label: string
  rows: number
  /** widths of the columns but the first, in pixels */
  columns: readonly number[]
  /** heights of a row and of the head */
  row?: number
  head?: number
  /** width of the first column */
  first: number
  corner: ComponentChildren
  columnHead: (column: number) => GridCell
  rowHead: (row: number) => GridCell
  cell: (row: number, column: number) => GridCell
  wide?: (row: number) => ComponentChildren
  rowClass?: (row: number) => string | undefined
  class?: string | undefined
  /** called when the last row comes into view */
  onEnd?: () => void
}

/**
 * A table of which only the rows and columns in view are drawn; its first column and its head stay.
 *
 * A row for which `wide` gives something is one cell over all columns: the head of a group.
 */
export function Grid({
  label,
  rows,
  columns,
  row = 30,
  head = 34,
  first,
  corner,
  columnHead,
  rowHead,
  cell,
  wide,
  rowClass,
  class: more,
  onEnd,
}: Props) {
  const box = useRef<HTMLDivElement>(null)
  const starts = useMemo(() => {
    const sums = [0]
    for (const width of columns) sums.push(sums.at(-1)! + width)
    return sums
  }, [columns])
  const all = first + starts.at(-1)!
  const [view, setView] = useState<Window>({ top: 0, bottom: 40, left: 0, right: 20 })
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return undefined
    const look = () => {
      const next = inView(element, row, starts, first, rows)
      setView((now) => (same(now, next) ? now : next))
      if (onEnd && next.bottom >= rows) onEnd()
    }
    look()
    const size = new ResizeObserver(look)
    size.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      size.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [row, starts, first, rows, onEnd])
  const { top, bottom, left, right } = clamped(view, rows, columns.length)
  const shownColumns = span(left, right)
  const place = (column: number): CSSProperties => ({
    width: columns[column],
    marginLeft: column === left ? starts[left] : 0,
  })
  return (
    <div
      ref={box}
      role="table"
      aria-label={label}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length + 1}
      tabIndex={0}
      class={[styles.grid, more].filter(Boolean).join(' ')}
    >
      <div role="rowgroup" class={styles.head} style={{ width: all, height: head }}>
        <div role="row" aria-rowindex={1} class={styles.row} style={{ height: head }}>
          <div role="columnheader" aria-colindex={1} class={styles.first} style={{ width: first }}>
            {corner}
          </div>
          {shownColumns.map((column) => {
            const { content, class: own, title } = columnHead(column)
            return (
              <div
                key={column}
                role="columnheader"
                aria-colindex={column + 2}
                class={classes(styles.cell, own)}
                title={title}
                style={place(column)}
              >
                {content}
              </div>
            )
          })}
        </div>
      </div>
      <div role="rowgroup" class={styles.rows} style={{ width: all, height: rows * row }}>
        {span(top, bottom).map((index) => (
          <Row
            key={index}
            {...{ index, left, right, row, first, columns, starts, all }}
            {...{ rowHead, cell, wide, rowClass }}
          />
        ))}
      </div>
    </div>
  )
}

/** A row; while one scrolls down, those that stay in view are not drawn again. */
const Row = memo(function Row({
  index,
  left,
  right,
  row,
  first,
  columns,
  starts,
  all,
  rowHead,
  cell,
  wide,
  rowClass,
}: Pick<Props, 'columns' | 'first' | 'rowHead' | 'cell' | 'wide' | 'rowClass'> & {
  index: number
  left: number
  right: number
  row: number
  starts: readonly number[]
  all: number
}) {
  const style = { top: index * row, height: row, width: all }
  const over = wide?.(index)
  if (over !== undefined && over !== null) {
    return (
      <div
        role="row"
        aria-rowindex={index + 2}
        class={classes(styles.row, styles.placed, styles.wide)}
        style={style}
      >
        <div role="rowheader" aria-colspan={columns.length + 1} class={styles.over}>
          {over}
        </div>
      </div>
    )
  }
  const name = rowHead(index)
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      class={classes(styles.row, styles.placed, rowClass?.(index))}
      style={style}
    >
      <div
        role="rowheader"
        aria-colindex={1}
        class={classes(styles.first, name.class)}
        title={name.title}
        style={{ width: first }}
      >
        {name.content}
      </div>
      {span(left, right).map((column) => {
        const { content, class: own, title } = cell(index, column)
        return (
          <div
            key={column}
            role="cell"
            aria-colindex={column + 2}
            class={classes(styles.cell, own)}
            title={title}
            style={{ width: columns[column], marginLeft: column === left ? starts[left] : 0 }}
          >
            {content}
          </div>
        )
      })}
    </div>
  )
})

function classes(...names: (string | undefined | false)[]): string {
  return names.filter(Boolean).join(' ')
}

function span(start: number, end: number): number[] {
  return Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index)
}

function same(a: Window, b: Window): boolean {
  return a.top === b.top && a.bottom === b.bottom && a.left === b.left && a.right === b.right
}

function clamped(view: Window, rows: number, columns: number): Window {
  const bottom = Math.min(view.bottom, rows)
  const right = Math.min(view.right, columns)
  return { top: Math.min(view.top, bottom), bottom, left: Math.min(view.left, right), right }
}

const SPARE_ROWS = 6
/** columns come and go by so many at a time */
const STEP = 3

/** Which rows and columns can be seen, and a few around them; in steps, so that few change at once. */
function inView(
  box: HTMLElement,
  row: number,
  starts: readonly number[],
  first: number,
  rows: number,
): Window {
  const above = Math.floor(box.scrollTop / row) - SPARE_ROWS
  const below = Math.ceil((box.scrollTop + (box.clientHeight || 800)) / row) + SPARE_ROWS
  const from = box.scrollLeft
  const to = from + Math.max(0, (box.clientWidth || 1600) - first)
  let left = 0
  while (left < starts.length - 2 && starts[left + 1]! < from) left++
  let right = left
  while (right < starts.length - 1 && starts[right]! < to) right++
  return {
    top: Math.max(0, above - (above % 4)),
    bottom: Math.min(rows, below + 4 - (below % 4)),
    left: Math.max(0, left - 1 - (Math.max(0, left - 1) % STEP)),
    right: right + STEP - (right % STEP),
  }
}
