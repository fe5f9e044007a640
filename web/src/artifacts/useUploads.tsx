import { useSyncExternalStore } from 'preact/compat'
import { useMemo, useState } from 'preact/hooks'
import { queryClient } from '../api/query'
import { plural } from '../lib/format'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { complain } from '../ui/Toasts'
import styles from './artifacts.module.css'
import { folderOf, joined } from './files'
import { Uploads, type Chosen, type Upload } from './upload'
import { listing, lookAgain } from './useFolders'

interface Question {
  root: string
  chosen: readonly Chosen[]
  there: ReadonlySet<string>
}

const MOST_NAMED = 8

/** Files on their way to a run; nothing that is there is replaced without asking. */
export function useUploads(runId: string): {
  uploads: Uploads
  items: readonly Upload[]
  send: (root: string, folder: string, chosen: readonly Chosen[]) => void
  question: preact.VNode | null
} {
  const uploads = useMemo(() => new Uploads(runId, () => void lookAgain(runId)), [runId])
  const items = useSyncExternalStore(uploads.subscribe, uploads.all)
  const [asked, setAsked] = useState<Question | null>(null)
  const send = async (root: string, folder: string, chosen: readonly Chosen[]) => {
    const placed = chosen.map(({ path, file }) => ({ path: joined(folder, path), file }))
    try {
      const there = await alreadyThere(runId, placed)
      if (there.size > 0) setAsked({ root, chosen: placed, there })
      else uploads.add(root, placed)
    } catch (error) {
      complain(error)
    }
  }
  const answer = (replace: boolean) => {
    const { root, chosen, there } = asked!
    setAsked(null)
    uploads.add(root, replace ? chosen : chosen.filter(({ path }) => !there.has(path)))
  }
  return {
    uploads,
    items,
    send: (root, folder, chosen) => void send(root, folder, chosen),
    question: asked && <Replace asked={asked} onAnswer={answer} onClose={() => setAsked(null)} />,
  }
}

/** Which of these are there already. */
async function alreadyThere(runId: string, chosen: readonly Chosen[]): Promise<Set<string>> {
  const folders = new Set(chosen.map(({ path }) => folderOf(path)))
  const there = new Set<string>()
  for (const folder of folders) {
    const answer = await queryClient.fetchQuery({ ...listing(runId, folder), staleTime: 0 })
    for (const { path } of answer.files ?? []) there.add(path)
  }
  return new Set(chosen.flatMap(({ path }) => (there.has(path) ? [path] : [])))
}

function Replace({
  asked: { chosen, there },
  onAnswer,
  onClose,
}: {
  asked: Question
  onAnswer: (replace: boolean) => void
  onClose: () => void
}) {
  const named = [...there].slice(0, MOST_NAMED)
  return (
    <Dialog
      title={`Replace ${plural(there.size, 'file')}?`}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          {chosen.length > there.size && (
            <Button onClick={() => onAnswer(false)}>Upload only the others</Button>
          )}
          <Button kind="danger" onClick={() => onAnswer(true)}>
            Replace
          </Button>
        </>
      }
    >
      <p>
        {there.size === 1 ? 'This file is' : 'These files are'} in the run already. What they hold
        now would be lost.
      </p>
      <ul class={styles.named}>
        {named.map((path) => (
          <li key={path}>{path}</li>
        ))}
        {there.size > named.length && <li>and {there.size - named.length} more</li>}
      </ul>
    </Dialog>
  )
}
