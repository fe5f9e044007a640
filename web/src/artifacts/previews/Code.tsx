import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { plainLines, type Token } from '../../lib/tokens'
import styles from './code.module.css'

/** characters up to which code is highlighted; more would hold the page up */
const MOST_HIGHLIGHTED = 600_000
/** of one line: what is longer is no text to read */
const LONGEST = 20_000
const LINE = 20

/** Lines of code as tokens; plain at first, highlighted as soon as the language is there. */
export function useLines(text: string, language: string | null): Token[][] {
  const plain = useMemo(() => plainLines(text), [text])
  const [coloured, setColoured] = useState<{ text: string; lines: Token[][] } | null>(null)
  useEffect(() => {
    if (!language || text.length > MOST_HIGHLIGHTED) return undefined
    let gone = false
    void import('./languages')
      .then(({ highlighted }) => highlighted(text, language))
      .then((lines) => {
        if (lines && !gone) setColoured({ text, lines })
      })
    return () => {
      gone = true
    }
  }, [text, language])
  return coloured?.text === text ? coloured.lines : plain
}

export function Line({ tokens }: { tokens: readonly Token[] }) {
  let left = LONGEST
  const shown = []
  for (const [index, { kind, text }] of tokens.entries()) {
    if (left <= 0) break
    const part = text.length > left ? `${text.slice(0, left)}…` : text
    left -= text.length
    shown.push(
      kind ? (
        <span key={index} class={styles[kind]}>
          {part}
        </span>
      ) : (
        part
      ),
    )
  }
  return <>{shown}</>
}

/** Text of any length with numbered lines, of which only those in view are drawn. */
export function Code({
  text,
  language,
  wrap = false,
  label,
}: {
  text: string
  language: string | null
  wrap?: boolean
  label: string
}) {
  const box = useRef<HTMLDivElement>(null)
  const lines = useLines(text.endsWith('\n') ? text.slice(0, -1) : text, language)
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE,
    overscan: 20,
  })
  useEffect(() => rows.measure(), [wrap, rows])
  const digits = String(lines.length).length
  return (
    <div ref={box} class={styles.code} tabIndex={0} role="region" aria-label={`Text of ${label}`}>
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start }) => (
          <div
            key={index}
            ref={wrap ? rows.measureElement : undefined}
            data-index={index}
            class={`${styles.line} ${wrap ? styles.wrap : ''}`}
            style={{ transform: `translateY(${start}px)` }}
          >
            <span class={styles.gutter} style={{ width: `${digits + 2}ch` }} aria-hidden="true">
              {index + 1}
            </span>
            <code>
              <Line tokens={lines[index] ?? []} />
            </code>
          </div>
        ))}
      </div>
    </div>
  )
}
