import { Component, type ComponentChildren } from 'preact'
import { sentence } from '../../api/errors'
import { bytes } from '../../lib/format'
import { Button } from '../../ui/Button'
import { Hint, Problem, Skeleton } from '../../ui/Notes'
import styles from './previews.module.css'

export function Waiting() {
  return (
    <div class={styles.waiting} aria-busy="true">
      <Skeleton width="55%" />
      <Skeleton width="80%" />
      <Skeleton width="40%" />
      <Skeleton width="70%" />
    </div>
  )
}

export function Failed({ error, again }: { error: unknown; again?: () => void }) {
  return (
    <div class={styles.waiting}>
      <Problem>
        {sentence(error)}{' '}
        {again && (
          <Button small onClick={again}>
            Try again
          </Button>
        )}
      </Problem>
    </div>
  )
}

/** Why a file is not shown as what it is. */
export function Instead({ children }: { children: ComponentChildren }) {
  return (
    <div class={styles.note}>
      <Hint>{children}</Hint>
    </div>
  )
}

export function tooLarge(size: number | null, most: number): string {
  const has = size === null ? 'It is' : `It has ${bytes(size)}, which is`
  return `${has} more than the ${bytes(most)} that are shown as a whole; here is its text.`
}

/** Where a preview that fails ends: the tree and the download stay. */
export class PreviewBoundary extends Component<
  { children: ComponentChildren },
  { error: unknown }
> {
  override state = { error: null as unknown }

  static override getDerivedStateFromError(error: unknown) {
    return { error }
  }

  override render() {
    const { error } = this.state
    if (error === null) return this.props.children
    return <Failed error={`This preview failed: ${sentence(error)} Download the file instead.`} />
  }
}
