import { ChevronDown, ChevronRight } from 'lucide'
import { useState } from 'preact/hooks'
import { ask } from '../../api/client'
import { refresh } from '../../api/query'
import type { ExperimentMessage } from '../../api/schema'
import { moment } from '../../lib/format'
import { paths } from '../../paths'
import { Button } from '../../ui/Button'
import { CopyButton } from '../../ui/Copy'
import { Description } from '../../ui/Description'
import { Badge, Skeleton } from '../../ui/Notes'
import { TagEditor } from '../../ui/TagEditor'
import styles from './experiment.module.css'

const NOTE = 'mlflow.note.content'

/** Which experiments these are, and what is known about them. */
export function Heading({
  experiments,
  views,
}: {
  /** null while they are on their way */
  experiments: readonly (ExperimentMessage | null)[]
  views: preact.ComponentChildren
}) {
  const [open, setOpen] = useState(false)
  const [first] = experiments
  return (
    <>
      <div class={styles.heading}>
        <h1 class="ellipsis">
          {first ? <Name of={first.name} /> : <Skeleton width={260} height={24} />}
        </h1>
        {first && <CopyButton text={first.experiment_id} label="Copy the experiment's id" />}
        {first?.lifecycle_stage === 'deleted' && <Badge>Deleted</Badge>}
        {experiments.slice(1).map(
          (each) =>
            each && (
              <Badge key={each.experiment_id}>
                + <a href={paths.experiment(each.experiment_id)}>{each.name}</a>
              </Badge>
            ),
        )}
        <Button
          small
          kind="quiet"
          icon={open ? ChevronDown : ChevronRight}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          About
        </Button>
        <span class={styles.space} />
        {views}
      </div>
      {open && (
        <div class={styles.about}>
          {experiments.map((each) => each && <About key={each.experiment_id} of={each} />)}
        </div>
      )}
    </>
  )
}

/** The folders of a name lead to the list of experiments. */
function Name({ of }: { of: string }) {
  const cut = of.lastIndexOf('/')
  if (cut < 0) return <>{of}</>
  const folder = of.slice(0, cut)
  return (
    <>
      <a href={paths.experiments({ folder })}>{folder}</a>
      <span> / </span>
      {of.slice(cut + 1)}
    </>
  )
}

function About({ of }: { of: ExperimentMessage }) {
  const id = of.experiment_id
  const set = async (key: string, value: string | null) => {
    if (value === null) await ask('experiments/delete-experiment-tag', { experiment_id: id, key })
    else await ask('experiments/set-experiment-tag', { experiment_id: id, key, value })
    refresh('experiments/get', 'experiments/search')
  }
  const tags = (of.tags ?? []).filter((tag) => !tag.key.startsWith('mlflow.'))
  const note = (of.tags ?? []).find((tag) => tag.key === NOTE)?.value ?? ''
  return (
    <section aria-label={`About ${of.name}`} style={{ display: 'grid', gap: 12 }}>
      <dl class={styles.facts}>
        <Fact name="Id" value={id} copied />
        <Fact name="Created" value={moment(of.creation_time)} />
        <Fact name="Changed" value={moment(of.last_update_time)} />
        <Fact name="Artifacts" value={of.artifact_location} copied />
      </dl>
      <Description text={note} onSave={(text) => set(NOTE, text || null).catch(noTag(text))} />
      <TagEditor
        tags={tags.map(({ key, value }) => ({ key, value: value ?? '' }))}
        onSet={set}
        onDelete={(key) => set(key, null)}
      />
    </section>
  )
}

/** An empty description where there was none is no mistake. */
function noTag(text: string): (error: unknown) => void {
  return (error) => {
    if (text !== '') throw error
  }
}

function Fact({ name, value, copied = false }: { name: string; value: string; copied?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={copied ? 'mono' : ''}>
        {value}
        {copied && <CopyButton text={value} label={`Copy ${name.toLowerCase()}`} />}
      </dd>
    </div>
  )
}
