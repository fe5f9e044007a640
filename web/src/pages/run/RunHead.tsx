import { Copy, Ellipsis, GitCompareArrows, Link, OctagonX, Pencil, RotateCcw, Trash2 } from 'lucide'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useAsk } from '../../api/query'
import { ago, duration, moment } from '../../lib/format'
import { paths } from '../../paths'
import { useCommands, type Command } from '../../state/commands'
import { Button, IconButton } from '../../ui/Button'
import { copy, CopyButton } from '../../ui/Copy'
import { FormDialog } from '../../ui/Dialog'
import { Field, Input } from '../../ui/Field'
import { Menu } from '../../ui/Menu'
import { Hint } from '../../ui/Notes'
import { Status } from '../../ui/Status'
import { complain, say } from '../../ui/Toasts'
import { killRun, moveRun, renameRun } from './actions'
import { CompareDialog } from './CompareDialog'
import type { RunView } from './run'
import styles from './run.module.css'

type Opened = 'rename' | 'kill' | 'compare'

/** What stands above all parts of a run: what it is, how it is, what can be done with it. */
export function RunHead({ run }: { run: RunView }) {
  const [opened, setOpened] = useState<Opened | null>(null)
  const close = () => setOpened(null)
  useRunCommands(run, setOpened)
  return (
    <header class={styles.head}>
      <Way run={run} />
      <div class={styles.title}>
        <h1 class="ellipsis" title={run.name}>
          {run.name}
        </h1>
        <IconButton small icon={Pencil} label="Rename run" onClick={() => setOpened('rename')} />
        <span class={styles.buttons}>
          {run.running && !run.deleted && (
            <Button icon={OctagonX} onClick={() => setOpened('kill')}>
              Mark as killed
            </Button>
          )}
          <Button icon={GitCompareArrows} onClick={() => setOpened('compare')}>
            Compare
          </Button>
          {run.deleted ? (
            <Button icon={RotateCcw} onClick={() => void moveRun(run, 'list')}>
              Restore
            </Button>
          ) : (
            <Button icon={Trash2} onClick={() => void moveRun(run, 'bin')}>
              Delete
            </Button>
          )}
          <Menu
            align="end"
            trigger={<IconButton kind="plain" icon={Ellipsis} label="More about this run" />}
            entries={[
              { label: 'Copy run id', icon: Copy, onSelect: () => copied(run.id, 'The id') },
              {
                label: 'Copy link',
                icon: Link,
                onSelect: () => copied(window.location.href, 'The link'),
              },
            ]}
          />
        </span>
      </div>
      <Facts run={run} />
      {run.deleted && (
        <Hint>
          This run is in the bin. It can be restored until <code>mlflow gc</code> removes it.
        </Hint>
      )}
      {opened === 'rename' && <Rename run={run} onClose={close} />}
      {opened === 'kill' && <Kill run={run} onClose={close} />}
      {opened === 'compare' && <CompareDialog run={run} onClose={close} />}
    </header>
  )
}

function copied(text: string, what: string): void {
  void copy(text).then(() => say(`${what} is on the clipboard`), complain)
}

function useRunCommands(run: RunView, open: (opened: Opened) => void): void {
  useCommands(
    useMemo<Command[]>(
      () => [
        { group: 'Run', label: 'Rename this run', icon: Pencil, run: () => open('rename') },
        {
          group: 'Run',
          label: 'Compare this run with others',
          icon: GitCompareArrows,
          run: () => open('compare'),
        },
        {
          group: 'Run',
          label: 'Copy the id of this run',
          icon: Copy,
          run: () => copied(run.id, 'The id'),
        },
        run.deleted
          ? {
              group: 'Run',
              label: 'Restore this run',
              icon: RotateCcw,
              run: () => void moveRun(run, 'list'),
            }
          : {
              group: 'Run',
              label: 'Delete this run',
              icon: Trash2,
              run: () => void moveRun(run, 'bin'),
            },
      ],
      [run, open],
    ),
  )
}

/** Where the run is: its experiment, and the run that it is part of. */
function Way({ run }: { run: RunView }) {
  const experiment = useAsk('experiments/get', { experiment_id: run.experimentId })
  const parent = useAsk('runs/get', { run_id: run.parent ?? '' }, { enabled: run.parent !== null })
  return (
    <nav class={styles.way} aria-label="Where this run is">
      <a href={paths.experiments()}>Experiments</a>
      <span aria-hidden="true">/</span>
      <a href={paths.experiment(run.experimentId)} class="ellipsis">
        {experiment.data?.experiment.name ?? run.experimentId}
      </a>
      {run.parent && (
        <>
          <span aria-hidden="true">/</span>
          <a href={paths.run(run.experimentId, run.parent)} class="ellipsis" title="Parent run">
            {parent.data?.run.info.run_name || run.parent}
          </a>
        </>
      )}
    </nav>
  )
}

function Facts({ run }: { run: RunView }) {
  const now = useNow(run.running)
  return (
    <div class={styles.facts}>
      <Status of={run.status} />
      <span title="Duration">{duration(Math.max(0, (run.end ?? now) - run.start))}</span>
      <time title={moment(run.start)}>started {ago(run.start, now)}</time>
      {run.user && <span>by {run.user}</span>}
      <span class={styles.id}>
        <code>{run.id}</code>
        <CopyButton text={run.id} label="Copy run id" />
      </span>
    </div>
  )
}

/** The present time, which goes on while it matters. */
function useNow(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    if (!ticking) return undefined
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [ticking])
  return now
}

function Rename({ run, onClose }: { run: RunView; onClose: () => void }) {
  const [name, setName] = useState(run.name)
  return (
    <FormDialog
      title="Rename run"
      action="Rename"
      disabled={!name.trim()}
      onClose={onClose}
      onSubmit={() => renameRun(run.id, name.trim())}
    >
      <Field label="Name">
        <Input value={name} autofocus onInput={(event) => setName(event.currentTarget.value)} />
      </Field>
    </FormDialog>
  )
}

function Kill({ run, onClose }: { run: RunView; onClose: () => void }) {
  return (
    <FormDialog
      title="Mark as killed?"
      action="Mark as killed"
      danger
      onClose={onClose}
      onSubmit={() => killRun(run.id)}
    >
      <p>
        “{run.name}” is then shown as killed, ended now. This does not stop a program: if one is
        still logging into the run, it goes on, and sets the status again when it ends.
      </p>
    </FormDialog>
  )
}
