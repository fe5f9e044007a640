import { FolderOpen, Plus, RotateCcw, Search, Trash2, X } from 'lucide'
import type { ComponentChild } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { serverAddress } from '../../lib/server'
import { count } from '../../lib/format'
import { paths } from '../../paths'
import { go, setParams, useAddress } from '../../state/address'
import { useCommands, type Command } from '../../state/commands'
import { encodeView } from '../../state/view'
import { Button, IconButton } from '../../ui/Button'
import { Input, Segments } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import { Empty, Hint, Problem } from '../../ui/Notes'
import { moveExperiments } from './actions'
import { ExperimentDialog, type Opened } from './ExperimentDialogs'
import { ExperimentRows } from './ExperimentRows'
import styles from './experiments.module.css'
import { decode, encodeList, encodeOrder, type Shown } from './query'
import { TagFilter } from './TagFilter'
import { flatRows, toggled, treeRows, type ExperimentRow, type Item, type Row } from './tree'
import { MOST, useExperiments, type Found } from './useExperiments'

const STAGES = [
  { value: 'active', label: 'Active' },
  { value: 'deleted', label: 'Deleted' },
] as const

/** All experiments: found, sorted, made, described, deleted and restored. */
export function ExperimentsPage() {
  const { params } = useAddress()
  const shown = useMemo(() => decode(params), [params])
  const found = useExperiments(shown)
  const rows = useRows(shown, found)
  const { selected, select, selectAll, chosen } = useSelection(rows, found.items)
  const [dialog, setDialog] = useState<Opened | null>(null)
  useCommands(
    useMemo<Command[]>(
      () => [
        {
          group: 'Action',
          label: 'New experiment',
          icon: Plus,
          run: () => setDialog({ kind: 'create', folder: '' }),
        },
        {
          group: 'Action',
          label: shown.deleted ? 'Show active experiments' : 'Show deleted experiments',
          icon: Trash2,
          run: () => setParams({ view: shown.deleted ? null : 'deleted' }),
        },
      ],
      [shown.deleted],
    ),
  )
  const narrowed = shown.search !== '' || shown.tags.length > 0
  const addTag = (tag: string) =>
    setParams({ tags: encodeList([...new Set([...shown.tags, tag])]) })
  return (
    <div class={styles.page}>
      <div class={styles.top}>
        <div class={styles.title}>
          <h1>Experiments</h1>
          <span class="quiet" role="status">
            {!found.loading && <Total found={found} narrowed={narrowed} />}
          </span>
          <Button
            class={styles.push}
            kind="primary"
            icon={Plus}
            onClick={() => setDialog({ kind: 'create', folder: '' })}
          >
            New experiment
          </Button>
        </div>
        {chosen.length > 0 ? (
          <Chosen items={chosen} deleted={shown.deleted} onClear={() => selectAll(false)} />
        ) : (
          <div class={styles.bar}>
            <SearchBox text={shown.search} />
            {shown.tags.map((tag) => (
              <span key={tag} class={styles.chip}>
                {tag.replace('=', ' = ')}
                <IconButton
                  small
                  icon={X}
                  label={`No longer only ${tag}`}
                  onClick={() =>
                    setParams({ tags: encodeList(shown.tags.filter((each) => each !== tag)) })
                  }
                />
              </span>
            ))}
            <TagFilter items={found.items} onTag={addTag} />
            <span class={styles.push}>
              <Segments
                label="Which experiments"
                value={shown.deleted ? 'deleted' : 'active'}
                choices={STAGES}
                onChoose={(value) => setParams({ view: value === 'deleted' ? value : null })}
              />
            </span>
          </div>
        )}
      </div>
      <List
        shown={shown}
        found={found}
        rows={rows}
        narrowed={narrowed}
        grid={
          <ExperimentRows
            rows={rows}
            loading={found.loading}
            order={shown.order}
            onOrder={(order) => setParams({ sort: encodeOrder(order) })}
            selected={selected}
            onSelectAll={selectAll}
            onSelect={select}
            onToggle={(row) => setParams({ open: encodeList(toggled(shown.opened, row.path)) })}
            onOpen={(row) => go(paths.experiment(row.item.id))}
            onTag={addTag}
            onDialog={setDialog}
          />
        }
      />
      {dialog && (
        <ExperimentDialog
          opened={dialog}
          onClose={() => setDialog(null)}
          onCreated={(id) => go(paths.experiment(id))}
        />
      )}
    </div>
  )
}

function useRows({ search, tags, order, opened }: Shown, { items, figures }: Found): Row[] {
  const flat = search !== '' || tags.length > 0
  return useMemo(
    () => (flat ? flatRows(items, figures, order) : treeRows(items, figures, order, opened)),
    [flat, items, figures, order, opened],
  )
}

/** Which experiments are ticked; those that are no longer there do not count. */
function useSelection(rows: readonly Row[], items: readonly Item[]) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const last = useRef<string | null>(null)
  const select = (row: ExperimentRow, range: boolean) => {
    const ids = rows.flatMap((each) => (each.kind === 'experiment' ? [each.item.id] : []))
    const on = !selected.has(row.item.id)
    const from = range && last.current ? ids.indexOf(last.current) : -1
    const to = ids.indexOf(row.item.id)
    const touched = from < 0 ? [row.item.id] : ids.slice(Math.min(from, to), Math.max(from, to) + 1)
    const next = new Set(selected)
    for (const id of touched) {
      if (on) next.add(id)
      else next.delete(id)
    }
    last.current = row.item.id
    setSelected(next)
  }
  const selectAll = (on: boolean) =>
    setSelected(
      new Set(on ? rows.flatMap((row) => (row.kind === 'experiment' ? [row.item.id] : [])) : []),
    )
  const chosen = items.filter((item) => selected.has(item.id))
  return { selected, select, selectAll, chosen }
}

function Total({ found, narrowed }: { found: Found; narrowed: boolean }) {
  if (narrowed) return <>{count(found.total)} found</>
  return <>{count(found.total)}</>
}

function SearchBox({ text }: { text: string }) {
  const [draft, setDraft] = useState(text)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (document.activeElement !== input.current) setDraft(text)
  }, [text])
  useEffect(() => {
    if (draft === text) return undefined
    const timer = setTimeout(() => setParams({ q: draft || null }), 120)
    return () => clearTimeout(timer)
  }, [draft, text])
  useSlash(input)
  return (
    <div class={styles.search}>
      <Icon of={Search} />
      <Input
        ref={input}
        type="search"
        aria-label="Search experiments"
        placeholder="Search by name"
        aria-keyshortcuts="/"
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
    </div>
  )
}

/** `/` goes to the search, as in many programs. */
function useSlash(input: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, dialog')
      if (event.key !== '/' || event.ctrlKey || event.metaKey || typing) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [input])
}

function Chosen({
  items,
  deleted,
  onClear,
}: {
  items: readonly Item[]
  deleted: boolean
  onClear: () => void
}) {
  const move = (into: 'bin' | 'list') => {
    void moveExperiments(items, into)
    onClear()
  }
  const [first, ...rest] = items.map((item) => item.id)
  return (
    <div class={styles.bar} role="toolbar" aria-label="Selected experiments">
      <strong>{count(items.length)} selected</strong>
      {deleted ? (
        <Button icon={RotateCcw} onClick={() => move('list')}>
          Restore
        </Button>
      ) : (
        <>
          <Button
            icon={FolderOpen}
            onClick={() => go(paths.experiment(first!, encodeView({ also: rest })))}
          >
            Open together
          </Button>
          <Button icon={Trash2} kind="danger" onClick={() => move('bin')}>
            Delete
          </Button>
        </>
      )}
      <Button kind="quiet" onClick={onClear}>
        Clear
      </Button>
    </div>
  )
}

const FIRST_RUN = () => `import mlflow

mlflow.set_tracking_uri("${serverAddress()}")
mlflow.set_experiment("my first experiment")

with mlflow.start_run():
    mlflow.log_param("rate", 0.1)
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`

function List({
  shown,
  found,
  rows,
  narrowed,
  grid,
}: {
  shown: Shown
  found: Found
  rows: readonly Row[]
  narrowed: boolean
  grid: ComponentChild
}) {
  if (found.error && found.items.length === 0) return <Problem>{found.error.message}</Problem>
  if (rows.length > 0 || found.loading) {
    const unused =
      !narrowed && !shown.deleted && found.total === 1 && found.figures.get('0')?.runs === 0
    return (
      <div class={styles.list}>
        {found.error && <Problem>{found.error.message}</Problem>}
        {found.complete && found.items.length < found.total && (
          <Hint>
            The list ends after {count(MOST)} of {count(found.total)} experiments. Search to find
            the others.
          </Hint>
        )}
        {grid}
        {unused && <FirstRun />}
      </div>
    )
  }
  if (narrowed) {
    return (
      <Empty title="No experiment fits">
        <p>
          Names are searched word by word, in upper and lower case.{' '}
          {shown.deleted ? 'Only deleted ones are looked at.' : 'Deleted ones are not looked at.'}
        </p>
        <Button onClick={() => setParams({ q: null, tags: null })}>Show all</Button>
      </Empty>
    )
  }
  if (shown.deleted) {
    return (
      <Empty title="The bin is empty">
        <p>
          Deleted experiments stay here with all their runs until <code>mlflow gc</code> removes
          them.
        </p>
      </Empty>
    )
  }
  return <FirstRun />
}

function FirstRun() {
  return (
    <Empty title="Log a first run" snippet={FIRST_RUN()}>
      <p>Run this where your code runs. The experiment is made when it is first used.</p>
    </Empty>
  )
}
