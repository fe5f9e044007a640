import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { setPrefs, usePrefs } from '../../state/prefs'
import type { Layout } from '../../state/view'
import styles from './experiment.module.css'

const LEAST = 20
const MOST = 80

/** The table, the charts, or both with an edge between them that can be moved. */
export function Split({
  layout,
  table,
  charts,
}: {
  layout: Layout
  table: ComponentChildren
  charts: ComponentChildren
}) {
  const box = useRef<HTMLDivElement>(null)
  const { split } = usePrefs()
  const set = (share: number) =>
    setPrefs({ split: Math.round(Math.min(MOST, Math.max(LEAST, share))) })
  const follow = (event: PointerEvent) => {
    const edges = box.current?.getBoundingClientRect()
    if (edges) set(((edges.right - event.clientX) / edges.width) * 100)
  }
  return (
    <div ref={box} class={styles.area}>
      {layout !== 'charts' && <div class={styles.side}>{table}</div>}
      {layout === 'split' && (
        <div
          role="separator"
          aria-orientation="vertical"
          aria-label="Width of the charts"
          aria-valuenow={split}
          aria-valuemin={LEAST}
          aria-valuemax={MOST}
          tabIndex={0}
          class={styles.divider}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={(event) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) follow(event)
          }}
          onKeyDown={(event) => {
            const step = { ArrowLeft: 2, ArrowRight: -2 }[event.key]
            if (step === undefined) return
            event.preventDefault()
            set(split + step)
          }}
        />
      )}
      {layout !== 'table' && (
        <section
          aria-label="All charts"
          class={`${styles.side} ${styles.charts}`}
          style={{ flex: layout === 'charts' ? '1' : `0 0 ${split}%` }}
        >
          {charts}
        </section>
      )}
    </div>
  )
}
