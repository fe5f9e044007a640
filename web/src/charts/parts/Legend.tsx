import { useRef, useState } from 'preact/hooks'
import { count } from '../../lib/format'
import type { LegendEntry } from '../types'
import styles from './parts.module.css'

const MOST = 500

/** The line of a legend: its colour and dash. */
export function Swatch({ colour, dash }: { colour: string; dash: readonly number[] }) {
  return (
    <svg width="18" height="8" aria-hidden="true" class={styles.swatch}>
      <line
        x1="0"
        x2="18"
        y1="4"
        y2="4"
        stroke={colour}
        stroke-width="2.5"
        stroke-dasharray={dash.join(' ')}
      />
    </svg>
  )
}

/** Which line is which; it scrolls, marks the line under the pointer and pins one by a click. */
export function Legend({
  label,
  entries,
  marked,
  pinned,
  onMark,
  onPin,
}: {
  label: string
  entries: readonly LegendEntry[]
  marked: string | null
  pinned: ReadonlySet<string>
  onMark: (id: string | null) => void
  onPin: (id: string) => void
}) {
  // one stop for the tab key; arrows move inside
  const [at, setAt] = useState(0)
  const list = useRef<HTMLUListElement>(null)
  const shown = entries.slice(0, MOST)
  const stop = Math.min(at, shown.length - 1)
  const move = (event: KeyboardEvent) => {
    const to = movedTo(event.key, stop, shown.length)
    if (to === null) return
    event.preventDefault()
    setAt(to)
    list.current?.querySelectorAll('button')[to]?.focus()
  }
  return (
    <ul
      ref={list}
      class={styles.legend}
      aria-label={label}
      onMouseLeave={() => onMark(null)}
      onKeyDown={move}
    >
      {shown.map((entry, index) => (
        <li key={entry.id}>
          <button
            type="button"
            title={entry.label}
            tabIndex={index === stop ? 0 : -1}
            aria-pressed={pinned.has(entry.id)}
            class={entry.id === marked ? styles.marked : ''}
            onMouseEnter={() => onMark(entry.id)}
            onFocus={() => {
              setAt(index)
              onMark(entry.id)
            }}
            onBlur={() => onMark(null)}
            onClick={() => onPin(entry.id)}
          >
            <Swatch colour={entry.colour} dash={entry.dash} />
            <span class="ellipsis">{entry.label}</span>
          </button>
        </li>
      ))}
      {entries.length > MOST && <li class="quiet">and {count(entries.length - MOST)} more</li>}
    </ul>
  )
}

/** Where a key leads in a list; null for keys that lead nowhere. */
function movedTo(key: string, at: number, many: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return Math.min(many - 1, at + 1)
    case 'ArrowLeft':
    case 'ArrowUp':
      return Math.max(0, at - 1)
    case 'Home':
      return 0
    case 'End':
      return many - 1
    default:
      return null
  }
}
