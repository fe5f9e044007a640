import { diffWordsWithSpace } from 'diff'
import { useVirtualizer } from '@tanstack/react-virtual'
import { UnfoldVertical } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { compareLines, counts, folded, rowsOf, type Fold, type Piece, type Row } from '../lib/lines'
import { plural } from '../lib/format'
import { Check, Segments } from './Field'
import { Icon } from './Icon'
import { Skeleton } from './Notes'
import styles from './diff.module.css'

const LINE = 20
/** characters of lines of which the words are compared */
const LONGEST = 1000

/** Two texts line by line; equal parts fold, and the words that changed are marked. */
export function TextDiff({
  left,
  right,
  leftName,
  rightName,
}: {
  left: string
  right: string
  leftName: string
  rightName: string
}) {
  const [look, setLook] = useState<'split' | 'unified'>('split')
  const [fold, setFold] = useState(true)
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set())
  const pieces = usePieces(left, right)
  const rows = useMemo(() => (pieces ? rowsOf(pieces, look === 'unified') : []), [pieces, look])
  const shown = useMemo(() => (fold ? folded(rows, open) : rows), [rows, fold, open])
  useEffect(() => setOpen(new Set()), [pieces, look])
  if (!pieces) {
    return (
      <div class={styles.waiting} aria-busy="true">
        <Skeleton width="60%" />
        <Skeleton width="75%" />
        <Skeleton width="50%" />
      </div>
    )
  }
  const { removed, added } = counts(pieces)
  return (
    <div class={styles.diff}>
      <div class={styles.tools}>
        <Segments
          label="Layout"
          value={look}
          choices={[
            { value: 'split', label: 'Side by side' },
            { value: 'unified', label: 'Unified' },
          ]}
          onChoose={setLook}
        />
        <Check label="Fold equal parts" checked={fold} onCheck={setFold} />
        <span role="status" class={styles.counts}>
          {removed + added === 0 ? (
            'Both are the same'
          ) : (
            <>
              <span class={styles.minus}>−{plural(removed, 'line')}</span>
              <span class={styles.plus}>+{plural(added, 'line')}</span>
            </>
          )}
        </span>
      </div>
      {look === 'split' && (
        <div class={styles.names}>
          <strong class="ellipsis" title={leftName}>
            {leftName}
          </strong>
          <strong class="ellipsis" title={rightName}>
            {rightName}
          </strong>
        </div>
      )}
      <Rows
        label={`Differences of ${leftName} and ${rightName}`}
        rows={shown}
        split={look === 'split'}
        onOpen={(start) => setOpen((before) => new Set([...before, start]))}
      />
    </div>
  )
}

/** What the texts have in common; null while they are compared. */
function usePieces(left: string, right: string): Piece[] | null {
  const [found, setFound] = useState<{ left: string; right: string; pieces: Piece[] } | null>(null)
  useEffect(() => {
    let gone = false
    void compareLines(left, right).then((pieces) => {
      if (!gone) setFound({ left, right, pieces })
    })
    return () => {
      gone = true
    }
  }, [left, right])
  return found?.left === left && found.right === right ? found.pieces : null
}

function Rows({
  label,
  rows,
  split,
  onOpen,
}: {
  label: string
  rows: readonly (Row | Fold)[]
  split: boolean
  onOpen: (start: number) => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 20,
  })
  return (
    <div ref={box} class={styles.rows} tabIndex={0} role="region" aria-label={label}>
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index]
          if (!row) return null
          return (
            <div
              key={index}
              ref={virtual.measureElement}
              data-index={index}
              class={styles.row}
              style={{ transform: `translateY(${start}px)` }}
            >
              {row.kind === 'fold' ? (
                <button type="button" class={styles.fold} onClick={() => onOpen(row.start)}>
                  <Icon of={UnfoldVertical} size={13} />
                  {plural(row.count, 'equal line')}
                </button>
              ) : split ? (
                <>
                  <Side row={row} side="left" />
                  <Side row={row} side="right" />
                </>
              ) : (
                <Unified row={row} />
              )}
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** Signs besides colours: what is removed and added can be told without seeing them. */
const SIGNS = { same: ' ', changed: '~', removed: '−', added: '+' } as const
const WORDS = { same: '', changed: 'changed: ', removed: 'removed: ', added: 'added: ' } as const

function Side({ row, side }: { row: Row; side: 'left' | 'right' }) {
  const text = row[side]
  const number = side === 'left' ? row.leftNumber : row.rightNumber
  const looks = text === null ? styles.none : row.kind === 'same' ? '' : styles[side]
  return (
    <div class={`${styles.side} ${looks}`}>
      <span class={styles.number} aria-hidden="true">
        {number}
      </span>
      <span class={styles.sign} aria-hidden="true">
        {text === null ? '' : SIGNS[row.kind]}
      </span>
      <code>
        {row.kind !== 'same' && text !== null && <span class="aside">{WORDS[row.kind]}</span>}
        {row.kind === 'changed' ? <Changed row={row} side={side} /> : text}
      </code>
    </div>
  )
}

function Unified({ row }: { row: Row }) {
  const looks =
    row.kind === 'removed' ? styles.left : row.kind === 'added' ? styles.right : undefined
  return (
    <div class={`${styles.side} ${looks ?? ''}`}>
      <span class={styles.number} aria-hidden="true">
        {row.leftNumber}
      </span>
      <span class={styles.number} aria-hidden="true">
        {row.rightNumber}
      </span>
      <span class={styles.sign} aria-hidden="true">
        {SIGNS[row.kind]}
      </span>
      <code>
        {row.kind !== 'same' && <span class="aside">{WORDS[row.kind]}</span>}
        {row.left ?? row.right}
      </code>
    </div>
  )
}

/** The words of one side of a line that changed; those that the other side has not are marked. */
function Changed({ row, side }: { row: Row; side: 'left' | 'right' }) {
  const left = row.left ?? ''
  const right = row.right ?? ''
  const parts = useMemo(
    () => (left.length + right.length > LONGEST ? null : diffWordsWithSpace(left, right)),
    [left, right],
  )
  if (!parts) return <>{row[side]}</>
  return (
    <>
      {parts
        .filter(({ added, removed }) => (side === 'left' ? !added : !removed))
        .map(({ value, added, removed }, index) =>
          added || removed ? <mark key={index}>{value}</mark> : value,
        )}
    </>
  )
}
