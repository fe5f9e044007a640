import type { ComponentChildren } from 'preact'
import { CopyButton } from '../../ui/Copy'
import styles from './run.module.css'

/** A name and what it stands for, in a list of them; `copy` can be taken along. */
export function Fact({
  name,
  copy,
  children,
}: {
  name: string
  copy?: string
  children: ComponentChildren
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class={styles.fact}>{children}</span>
        {copy && <CopyButton text={copy} label={`Copy ${name.toLowerCase()}`} />}
      </dd>
    </div>
  )
}
