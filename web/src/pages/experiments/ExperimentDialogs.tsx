import { useState } from 'preact/hooks'
import { useAsk } from '../../api/query'
import { Dialog, FormDialog } from '../../ui/Dialog'
import { MarkdownField } from '../../ui/Description'
import { Field, Input } from '../../ui/Field'
import { TagEditor } from '../../ui/TagEditor'
import { createExperiment, describeExperiment, renameExperiment, tagExperiment } from './actions'
import type { Item } from './tree'
import { itemOf } from './useExperiments'

export type Opened =
  { kind: 'create'; folder: string } | { kind: 'rename' | 'describe' | 'tags'; item: Item }

interface Props {
  opened: Opened
  onClose: () => void
  /** after one was created */
  onCreated: (experimentId: string) => void
}

/** The dialog that is open on the list of experiments. */
export function ExperimentDialog({ opened, onClose, onCreated }: Props) {
  switch (opened.kind) {
    case 'create':
      return <Create folder={opened.folder} onClose={onClose} onCreated={onCreated} />
    case 'rename':
      return <Rename item={opened.item} onClose={onClose} />
    case 'describe':
      return <Describe item={opened.item} onClose={onClose} />
    case 'tags':
      return <Tags item={opened.item} onClose={onClose} />
  }
}

function Create({
  folder,
  onClose,
  onCreated,
}: {
  folder: string
  onClose: () => void
  onCreated: (experimentId: string) => void
}) {
  const [name, setName] = useState(folder && `${folder}/`)
  const [description, setDescription] = useState('')
  const [location, setLocation] = useState('')
  return (
    <FormDialog
      title="New experiment"
      action="Create"
      disabled={!name.trim()}
      onClose={onClose}
      onSubmit={async () =>
        onCreated(await createExperiment(name.trim(), location.trim(), description))
      }
    >
      <Field label="Name; slashes make folders">
        <Input
          value={name}
          autofocus
          placeholder="team/project"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </Field>
      <Field label="Description (optional)">
        <Input
          value={description}
          placeholder="What it is about"
          onInput={(event) => setDescription(event.currentTarget.value)}
        />
      </Field>
      <details>
        <summary>Keep its artifacts elsewhere</summary>
        <Field label="Artifact location; the server's own place if empty">
          <Input
            value={location}
            placeholder="s3://bucket/folder"
            onInput={(event) => setLocation(event.currentTarget.value)}
          />
        </Field>
      </details>
    </FormDialog>
  )
}

function Rename({ item, onClose }: { item: Item; onClose: () => void }) {
  const [name, setName] = useState(item.name)
  return (
    <FormDialog
      title="Rename experiment"
      action="Rename"
      disabled={!name.trim()}
      onClose={onClose}
      onSubmit={async () => {
        if (name.trim() !== item.name) await renameExperiment(item.id, name.trim())
      }}
    >
      <Field label="Name; slashes make folders">
        <Input value={name} autofocus onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
    </FormDialog>
  )
}

function Describe({ item, onClose }: { item: Item; onClose: () => void }) {
  const [text, setText] = useState(item.description)
  return (
    <FormDialog
      title={`Describe ${item.name}`}
      action="Save"
      onClose={onClose}
      onSubmit={() => describeExperiment(item, text)}
    >
      <MarkdownField text={text} onText={setText} />
    </FormDialog>
  )
}

function Tags({ item, onClose }: { item: Item; onClose: () => void }) {
  const { data } = useAsk('experiments/get', { experiment_id: item.id })
  const { tags } = data ? itemOf(data.experiment) : item
  return (
    <Dialog title={`Tags of ${item.name}`} onClose={onClose}>
      <TagEditor
        tags={tags}
        onSet={(key, value) => tagExperiment(item.id, key, value)}
        onDelete={(key) => tagExperiment(item.id, key, null)}
      />
    </Dialog>
  )
}
