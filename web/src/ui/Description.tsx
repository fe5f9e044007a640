import { Pencil } from 'lucide'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import { Button } from './Button'
import { Segments, TextArea } from './Field'
import { Markdown } from './Markdown'
import styles from './markdown.module.css'
import { Problem } from './Notes'

const MODES = [
  { value: 'write', label: 'Write' },
  { value: 'preview', label: 'Preview' },
] as const

/** A text in Markdown being written: as it is typed, or as it will look. */
export function MarkdownField({
  text,
  onText,
  label = 'Description',
}: {
  text: string
  onText: (text: string) => void
  label?: string
}) {
  const [mode, setMode] = useState<'write' | 'preview'>('write')
  return (
    <>
      <div class={styles.bar}>
        <Segments
          label={`${label}: write or preview`}
          value={mode}
          choices={MODES}
          onChoose={setMode}
        />
        <span class="quiet">Markdown</span>
      </div>
      {mode === 'write' ? (
        <TextArea
          class={styles.written}
          aria-label={label}
          value={text}
          rows={10}
          autofocus
          placeholder="What this is about, what was tried, what was found"
          onInput={(event) => onText(event.currentTarget.value)}
        />
      ) : (
        <div
          class={styles.preview}
          tabIndex={0}
          role="region"
          aria-label={`Preview of the ${label.toLowerCase()}`}
        >
          <Markdown text={text} />
        </div>
      )}
    </>
  )
}

/** A description in Markdown that can be changed where it stands. */
export function Description({
  text,
  onSave,
  editing: open,
  onEditing,
}: {
  text: string
  onSave: (text: string) => Promise<unknown>
  /** given when others open the editor, too */
  editing?: boolean
  onEditing?: (editing: boolean) => void
}) {
  const [own, setOwn] = useState(false)
  const editing = open ?? own
  const setEditing = (next: boolean) => {
    setOwn(next)
    onEditing?.(next)
  }
  if (editing) return <Editor text={text} onSave={onSave} onDone={() => setEditing(false)} />
  return (
    <div class={styles.description}>
      <h2 class="aside">Description</h2>
      {text && <Folded text={text} />}
      <Button small kind="quiet" icon={Pencil} onClick={() => setEditing(true)}>
        {text ? 'Edit description' : 'Add a description'}
      </Button>
    </div>
  )
}

/** A long text begins folded, so that what follows is in sight. */
function Folded({ text }: { text: string }) {
  const long = text.length > 900 || text.split('\n').length > 12
  const [open, setOpen] = useState(false)
  return (
    <>
      <div class={long && !open ? styles.clipped : ''}>
        <Markdown text={text} />
      </div>
      {long && (
        <Button small kind="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Show less' : 'Show all of it'}
        </Button>
      )}
    </>
  )
}

function Editor({
  text,
  onSave,
  onDone,
}: {
  text: string
  onSave: (text: string) => Promise<unknown>
  onDone: () => void
}) {
  const [draft, setDraft] = useState(text)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const box = useRef<HTMLFormElement>(null)
  const mounted = useRef(true)
  useLayoutEffect(() => box.current?.querySelector('textarea')?.focus(), [])
  useEffect(() => () => void (mounted.current = false), [])
  const save = async () => {
    setBusy(true)
    try {
      await onSave(draft)
      if (mounted.current) onDone()
    } catch (error) {
      setProblem(sentence(error))
      setBusy(false)
    }
  }
  return (
    <form
      ref={box}
      class={styles.editor}
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) void save()
        if (event.key === 'Escape' && draft === text) onDone()
      }}
    >
      <MarkdownField text={draft} onText={setDraft} />
      {problem && <Problem>{problem}</Problem>}
      <div class={styles.bar}>
        <Button type="submit" kind="primary" disabled={busy}>
          Save
        </Button>
        <Button onClick={onDone}>Cancel</Button>
        <small class="quiet">Ctrl Enter saves</small>
      </div>
    </form>
  )
}
