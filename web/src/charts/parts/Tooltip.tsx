import type { ComponentChildren } from 'preact'
import styles from './parts.module.css'

/** What is said of the place under the pointer; beside it, never below it. */
export function Tooltip({
  left,
  top,
  width,
  height,
  pinned = false,
  children,
}: {
  left: number
  top: number
  /** of what it is in */
  width: number
  height: number
  /** it stays, and what is in it can be clicked */
  pinned?: boolean
  children: ComponentChildren
}) {
  const side = left > width / 2 ? { right: width - left + 14 } : { left: left + 14 }
  const edge =
    top > height / 2 ? { bottom: Math.max(4, height - top - 10) } : { top: Math.max(4, top - 10) }
  return (
    <div class={`${styles.tooltip} ${pinned ? styles.pinned : ''}`} style={{ ...side, ...edge }}>
      {children}
    </div>
  )
}
