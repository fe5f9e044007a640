import type { ComponentChildren } from 'preact'
import { Segments } from '../../ui/Field'
import styles from './previews.module.css'

/** The labels of ways to show a file. */
const LABELS = {
  map: 'Map',
  model: 'Model',
  page: 'Page',
  table: 'Table',
  text: 'Text',
  tree: 'Tree',
} as const

export type Look = keyof typeof LABELS

/** A preview that can be shown in several ways, with what else belongs into its bar. */
export function Looks<L extends Look>({
  looks,
  look,
  onLook,
  tools,
  children,
}: {
  looks: readonly L[]
  look: L
  onLook: (look: L) => void
  tools?: ComponentChildren
  children: ComponentChildren
}) {
  return (
    <div class={styles.preview}>
      <div class={styles.tools}>
        <Segments
          label="Show as"
          value={look}
          choices={looks.map((value) => ({ value, label: LABELS[value] }))}
          onChoose={onLook}
        />
        {tools}
      </div>
      {children}
    </div>
  )
}
