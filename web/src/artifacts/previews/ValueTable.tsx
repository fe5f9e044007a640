import { useCallback, useMemo, useRef } from 'preact/hooks'
import { textOf } from '../../lib/values'
import { Grid } from '../../ui/Grid'
import styles from './previews.module.css'

export interface TableColumn {
  name: string
  /** what kind of values it has, if that is known */
  kind?: string
}

const LETTER = 8.2
const SAMPLE = 60

/** Rows with columns of any number; numbers stand to the right. */
export function ValueTable({
  label,
  columns,
  rows,
  onEnd,
}: {
  label: string
  columns: readonly TableColumn[]
  rows: readonly (readonly unknown[])[]
  onEnd?: (() => void) | undefined
}) {
  // rows that come later change no widths
  const start = useRef(rows)
  if (start.current.length < SAMPLE && rows.length !== start.current.length) start.current = rows
  const sample = start.current
  const looks = useMemo(
    () =>
      columns.map(({ name, kind = '' }, column) => {
        let longest = Math.max(name.length, kind.length)
        let numeric = sample.length > 0
        for (const row of sample.slice(0, SAMPLE)) {
          const value = row[column]
          const text = textOf(value)
          longest = Math.max(longest, Math.min(text.length, 60))
          if (text !== '' && Number.isNaN(Number(text))) numeric = false
        }
        return { numeric, width: Math.round(Math.max(64, Math.min(420, longest * LETTER + 24))) }
      }),
    [columns, sample],
  )
  const widths = useMemo(() => looks.map(({ width }) => width), [looks])
  const hasKinds = columns.some(({ kind }) => kind)
  const columnHead = useCallback(
    (column: number) => ({
      content: (
        <span class={styles.headName}>
          <strong class="ellipsis">{columns[column]!.name}</strong>
          {columns[column]!.kind && <small class="ellipsis">{columns[column]!.kind}</small>}
        </span>
      ),
      title: columns[column]!.name,
      class: looks[column]!.numeric ? styles.right : undefined,
    }),
    [columns, looks],
  )
  return (
    <Grid
      class={styles.table}
      label={label}
      rows={rows.length}
      columns={widths}
      row={28}
      head={hasKinds ? 44 : 32}
      first={String(rows.length).length * 9 + 28}
      corner={<span class="aside">Row</span>}
      columnHead={columnHead}
      rowHead={(row) => ({ content: row + 1, class: styles.rowNumber })}
      cell={(row, column) => {
        const value = rows[row]![column]
        const text = textOf(value)
        return {
          content:
            value === null || value === undefined ? (
              <span class={styles.absent}>–</span>
            ) : (
              <span class="ellipsis">{text.length > 500 ? `${text.slice(0, 500)}…` : text}</span>
            ),
          class: looks[column]!.numeric ? styles.right : undefined,
          title: text.length > 40 ? text.slice(0, 2000) : undefined,
        }
      }}
      {...(onEnd && { onEnd })}
    />
  )
}
