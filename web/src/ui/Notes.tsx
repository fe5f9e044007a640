import { CircleAlert, Info } from 'lucide'
import type { ComponentChildren } from 'preact'
import { CopyButton } from './Copy'
import { Icon } from './Icon'
import styles from './notes.module.css'

/** What went wrong, and what to do. */
export function Problem({ children }: { children: ComponentChildren }) {
  return (
    <div role="alert" class={styles.problem}>
      <Icon of={CircleAlert} />
      <div>{children}</div>
    </div>
  )
}

/** What a reader should know before trusting what is shown. */
export function Hint({ children }: { children: ComponentChildren }) {
  return (
    <div role="note" class={styles.hint}>
      <Icon of={Info} />
      <div>{children}</div>
    </div>
  )
}

/** A place where nothing is yet, and how something gets there. */
export function Empty({
  title,
  children,
  snippet,
}: {
  title: string
  children?: ComponentChildren
  snippet?: string
}) {
  return (
    <section class={styles.empty} aria-label={title}>
      <h2>{title}</h2>
      {children}
      {snippet && <Snippet text={snippet} />}
    </section>
  )
}

/** Code to copy. */
export function Snippet({ text, label = 'Copy' }: { text: string; label?: string }) {
  return (
    <div class={styles.snippet}>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <CopyButton text={text} label={label} />
    </div>
  )
}

/** What stands in for something that is on its way, in its size. */
export function Skeleton({
  width = '100%',
  height = 14,
}: {
  width?: string | number
  height?: string | number
}) {
  return <span class={styles.skeleton} style={{ width, height }} aria-hidden="true" />
}

export function Badge({ children, title }: { children: ComponentChildren; title?: string }) {
  return (
    <span class={styles.badge} title={title}>
      {children}
    </span>
  )
}
