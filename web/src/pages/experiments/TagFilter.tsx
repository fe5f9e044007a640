import { Tag } from 'lucide'
import { useMemo, useState } from 'preact/hooks'
import { Button } from '../../ui/Button'
import { Input } from '../../ui/Field'
import { Popover } from '../../ui/Popover'
import styles from './experiments.module.css'
import type { Item } from './tree'

const SUGGESTED = 30

/** A button that narrows the list to experiments with a tag. */
export function TagFilter({
  items,
  onTag,
}: {
  items: readonly Item[]
  /** `key` or `key=value` */
  onTag: (tag: string) => void
}) {
  const [open, setOpen] = useState(false)
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const known = useMemo(() => (open ? common(items) : []), [items, open])
  const add = (tag: string) => {
    onTag(tag)
    setOpen(false)
    setKey('')
    setValue('')
  }
  return (
    <Popover
      label="Filter by tag"
      open={open}
      onOpen={setOpen}
      trigger={
        <Button icon={Tag} kind="quiet">
          Tag
        </Button>
      }
    >
      <form
        class={styles.tagForm}
        onSubmit={(event) => {
          event.preventDefault()
          if (key.trim()) add(value ? `${key.trim()}=${value}` : key.trim())
        }}
      >
        <Input
          aria-label="Name of the tag"
          placeholder="Name"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <Input
          aria-label="Value of the tag"
          placeholder="Any value"
          value={value}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
        <Button type="submit" disabled={!key.trim()}>
          Filter
        </Button>
      </form>
      {known.length > 0 && (
        <div class={styles.known}>
          {known.map((tag) => (
            <button key={tag} type="button" class={styles.tag} onClick={() => add(tag)}>
              {tag.replace('=', ' = ')}
            </button>
          ))}
        </div>
      )}
    </Popover>
  )
}

/** The tags that most of the experiments have. */
function common(items: readonly Item[]): string[] {
  const counts = new Map<string, number>()
  for (const { tags } of items)
    for (const { key, value } of tags) {
      const tag = value ? `${key}=${value}` : key
      counts.set(tag, (counts.get(tag) ?? 0) + 1)
    }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SUGGESTED)
    .map(([tag]) => tag)
}
