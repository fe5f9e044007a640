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
  return (
    <ul class={styles.legend} aria-label={label} onMouseLeave={() => onMark(null)}>
      {entries.slice(0, MOST).map((entry) => (
        <li key={entry.id}>
          <button
            type="button"
            title={entry.label}
            aria-pressed={pinned.has(entry.id)}
            class={entry.id === marked ? styles.marked : ''}
            onMouseEnter={() => onMark(entry.id)}
            onFocus={() => onMark(entry.id)}
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
