import type { ComponentChildren } from 'preact'
import { sentence } from '../../api/errors'
import { Problem, Skeleton } from '../../ui/Notes'
import styles from './parts.module.css'

/** What stands in the place of a picture while, or because, there is none. */
export function State({
  height,
  error,
  waiting = false,
  children,
}: {
  height: number
  error?: unknown
  waiting?: boolean
  children?: ComponentChildren
}) {
  if (error) {
    return (
      <div class={styles.state} style={{ height }}>
        <Problem>{sentence(error)}</Problem>
      </div>
    )
  }
  if (waiting) return <Skeleton height={height} />
  return (
    <div class={styles.state} style={{ height }}>
      <div>{children}</div>
    </div>
  )
}
