import { useMemo, useState } from 'preact/hooks'
import { linesOfValue, sizeOf, textOf, type ValueLine } from '../../lib/values'
import { TreeView } from '../../ui/TreeView'
import styles from './previews.module.css'

/** levels that are unfolded at first, as long as they are few lines */
const UNFOLDED = 3
const MOST_UNFOLDED = 300

/** A value of JSON or YAML as a tree that folds. */
export function ValueTree({ value, label }: { value: unknown; label: string }) {
  const [toggled, setToggled] = useState<ReadonlyMap<string, boolean>>(new Map())
  const levels = useMemo(() => unfoldedLevels(value), [value])
  const lines = useMemo(
    () => linesOfValue(value, (id, level) => toggled.get(id) ?? level < levels),
    [value, toggled, levels],
  )
  const items = useMemo(
    () =>
      lines.map((line) => ({
        id: line.id,
        level: line.level,
        open: line.open,
        text: line.key ?? '',
        place: line.place,
        siblings: line.siblings,
        label: () => <Shown line={line} />,
      })),
    [lines],
  )
  return (
    <TreeView
      class={styles.tree}
      label={label}
      items={items}
      onToggle={(id, open) => setToggled((before) => new Map(before).set(id, open))}
    />
  )
}

function unfoldedLevels(value: unknown): number {
  for (let levels = UNFOLDED; levels > 2; levels--) {
    if (linesOfValue(value, (_, level) => level < levels).length <= MOST_UNFOLDED) return levels
  }
  return 2
}

function asText({ value }: ValueLine): string {
  const size = sizeOf(value)
  if (size === null) return value === null ? 'null' : textOf(value)
  return Array.isArray(value) ? `${size} items` : `${size} fields`
}

const KINDS: Record<string, string | undefined> = {
  bigint: styles.numeric,
  boolean: styles.word,
  number: styles.numeric,
  string: styles.textual,
}

function Shown({ line }: { line: ValueLine }) {
  const { key, value } = line
  const size = sizeOf(value)
  return (
    <>
      {key !== null && <span class={styles.key}>{key}:</span>}{' '}
      {size !== null ? (
        <span class="quiet">
          {Array.isArray(value) ? `[${size}]` : size === 0 ? '{}' : `{${size}}`}
        </span>
      ) : (
        <span class={KINDS[typeof value] ?? styles.word}>
          {typeof value === 'string' ? clipped(JSON.stringify(value)) : asText(line)}
        </span>
      )}
    </>
  )
}

function clipped(text: string): string {
  return text.length > 2000 ? `${text.slice(0, 2000)}…` : text
}
