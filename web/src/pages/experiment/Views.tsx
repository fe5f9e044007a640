import { Bookmark, Check, Link, Pencil, Trash2 } from 'lucide'
import { useState } from 'preact/hooks'
import { sentence } from '../../api/errors'
import { paths } from '../../paths'
import { Button, IconButton } from '../../ui/Button'
import { copy } from '../../ui/Copy'
import { Field, Input } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { Problem } from '../../ui/Notes'
import { Popover } from '../../ui/Popover'
import { say } from '../../ui/Toasts'
import styles from './experiment.module.css'
import type { SavedViews } from './useSavedView'

/** The saved views: open, save, rename, delete, share. */
export function Views({ experimentId, views }: { experimentId: string; views: SavedViews }) {
  const [shown, setShown] = useState(false)
  const [name, setName] = useState('')
  const [problem, setProblem] = useState<string | null>(null)
  const attempt = (doing: Promise<unknown>, done: () => void) =>
    doing.then(
      () => {
        setProblem(null)
        done()
      },
      (error: unknown) => setProblem(sentence(error)),
    )
  const { open, modified } = views
  return (
    <Popover
      label="Views"
      open={shown}
      onOpen={setShown}
      trigger={
        <Button icon={Bookmark}>
          {open ? open.name : 'Views'}
          {modified && <span class={styles.modified}>modified</span>}
        </Button>
      }
    >
      <div class={styles.views}>
        {views.list.length > 0 ? (
          <ul aria-label="Saved views">
            {views.list.map((each) => (
              <SavedRow
                key={each.view_id}
                name={each.name}
                open={each.view_id === open?.view_id}
                href={paths.experiment(experimentId, { view: each.view_id })}
                onOpen={() => {
                  views.show(each)
                  setShown(false)
                }}
                onRename={(next) => attempt(views.rename(each.view_id, next), () => {})}
                onDelete={() => void attempt(views.remove(each.view_id), () => {})}
              />
            ))}
          </ul>
        ) : (
          <p class="quiet">
            A view keeps filter, columns, order, layout and charts under a name, for everybody.
          </p>
        )}
        {open && modified && (
          <Button
            kind="primary"
            onClick={() =>
              void attempt(views.update(open.view_id), () => {
                say(`Saved “${open.name}”`)
                setShown(false)
              })
            }
          >
            Save changes of “{open.name}”
          </Button>
        )}
        <form
          class={styles.saveAs}
          onSubmit={(event) => {
            event.preventDefault()
            if (!name.trim()) return
            void attempt(views.create(name.trim()), () => {
              setName('')
              setShown(false)
              say(`Saved “${name.trim()}”`)
            })
          }}
        >
          <Field label="Save what is shown as">
            <Input
              value={name}
              placeholder="Best of this week"
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </Field>
          <Button type="submit" disabled={!name.trim()}>
            Save
          </Button>
        </form>
        {problem && <Problem>{problem}</Problem>}
        <Button
          icon={Link}
          onClick={() => {
            const link = new URL(window.location.href)
            if (open && !modified) {
              link.hash = paths.experiment(experimentId, { view: open.view_id })
            }
            void copy(link.href).then(() => say('Copied the link'))
            setShown(false)
          }}
        >
          Copy link
        </Button>
      </div>
    </Popover>
  )
}

function SavedRow({
  name,
  open,
  href,
  onOpen,
  onRename,
  onDelete,
}: {
  name: string
  open: boolean
  href: string
  onOpen: () => void
  onRename: (name: string) => Promise<unknown>
  onDelete: () => void
}) {
  const [draft, setDraft] = useState<string | null>(null)
  if (draft !== null) {
    return (
      <li>
        <form
          class={styles.rename}
          onSubmit={(event) => {
            event.preventDefault()
            if (draft.trim() && draft !== name) void onRename(draft.trim())
            setDraft(null)
          }}
        >
          <Input
            aria-label={`New name of ${name}`}
            value={draft}
            autofocus
            onInput={(event) => setDraft(event.currentTarget.value)}
          />
          <Button type="submit">Rename</Button>
        </form>
      </li>
    )
  }
  return (
    <li>
      <a
        class="ellipsis"
        href={href}
        aria-current={open ? 'true' : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return
          event.preventDefault()
          onOpen()
        }}
      >
        <span class={styles.tick}>{open && <Icon of={Check} size={14} />}</span>
        {name}
      </a>
      <IconButton small icon={Pencil} label={`Rename ${name}`} onClick={() => setDraft(name)} />
      <IconButton small icon={Trash2} label={`Delete ${name}`} onClick={onDelete} />
    </li>
  )
}
