import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { count } from '../../lib/format'
import styles from './run.module.css'

/** A part of the overview with a title, how many are in it, and what can be done with them. */
export function Panel({
  title,
  shown,
  all,
  actions,
  children,
}: {
  title: string
  shown?: number
  all?: number
  actions?: ComponentChildren
  children: ComponentChildren
}) {
  const name = useId()
  return (
    <section class={styles.panel} aria-labelledby={name}>
      <div class={styles.panelHead}>
        <h2 id={name}>{title}</h2>
        {all !== undefined && (
          <span class="quiet">
            {shown === all ? count(all) : `${count(shown ?? all)} of ${count(all)}`}
          </span>
        )}
        <span class={styles.panelActions}>{actions}</span>
      </div>
      {children}
    </section>
  )
}

/** Height of a table of so many rows: all of them, or as many as leave room for the rest. */
export function tableHeight(rows: number): number {
  return Math.min(rows, 18) * 30 + 35
}
