import { Plus, Trash2 } from 'lucide'
import { useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import { IconButton } from './Button'
import { Input } from './Field'
import { Problem } from './Notes'
import styles from './tags.module.css'

export interface Tag {
  key: string
  value: string
}

/** Tags that can be changed, added and deleted; each change is sent as it is made. */
export function TagEditor({
  tags,
  onSet,
  onDelete,
}: {
  tags: readonly Tag[]
  onSet: (key: string, value: string) => Promise<unknown>
  onDelete: (key: string) => Promise<unknown>
}) {
  const [problem, setProblem] = useState<string | null>(null)
  const attempt = (doing: Promise<unknown>): Promise<boolean> =>
    doing.then(
      () => {
        setProblem(null)
        return true
      },
      (error: unknown) => {
        setProblem(sentence(error))
        return false
      },
    )
  return (
    <div class={styles.tags}>
      {tags.map((tag) => (
        <Row
          key={tag.key}
          tag={tag}
          onSet={(value) => attempt(onSet(tag.key, value))}
          onDelete={() => void attempt(onDelete(tag.key))}
        />
      ))}
      <NewTag onAdd={(key, value) => attempt(onSet(key, value))} />
      {problem && <Problem>{problem}</Problem>}
    </div>
  )
}

function Row({
  tag,
  onSet,
  onDelete,
}: {
  tag: Tag
  onSet: (value: string) => Promise<boolean>
  onDelete: () => void
}) {
  const [draft, setDraft] = useState<string | null>(null)
  const save = () => {
    if (draft === null || draft === tag.value) setDraft(null)
    else void onSet(draft).then((done) => done && setDraft(null))
  }
  return (
    <div class={styles.row}>
      <span class={styles.key} title={tag.key}>
        {tag.key}
      </span>
      <Input
        aria-label={`Value of ${tag.key}`}
        value={draft ?? tag.value}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            event.preventDefault()
            save()
          }
          if (event.key === 'Escape' && draft !== null) {
            event.preventDefault() // leaves the dialog around it open
            setDraft(null)
          }
        }}
      />
      <IconButton icon={Trash2} label={`Delete ${tag.key}`} onClick={onDelete} />
    </div>
  )
}

function NewTag({ onAdd }: { onAdd: (key: string, value: string) => Promise<boolean> }) {
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  return (
    <form
      class={styles.row}
      onSubmit={(event) => {
        event.preventDefault()
        const form = event.currentTarget
        if (!key.trim()) return
        void onAdd(key.trim(), value).then((done) => {
          if (!done) return
          setKey('')
          setValue('')
          form.querySelector('input')?.focus()
        })
      }}
    >
      <Input
        aria-label="Name of the new tag"
        placeholder="Name"
        value={key}
        onInput={(event) => setKey(event.currentTarget.value)}
      />
      <Input
        aria-label="Value of the new tag"
        placeholder="Value"
        value={value}
        onInput={(event) => setValue(event.currentTarget.value)}
      />
      <IconButton type="submit" kind="plain" icon={Plus} label="Add tag" disabled={!key.trim()} />
    </form>
  )
}
