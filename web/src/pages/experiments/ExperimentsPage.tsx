import { Plus, Trash2, X } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { count } from '../../lib/format'
import { paths } from '../../paths'
import { go, setParams, useAddress } from '../../state/address'
import { useCommands, type Command } from '../../state/commands'
import { Button, IconButton } from '../../ui/Button'
import { Segments } from '../../ui/Field'
import { Chosen } from './Chosen'
import { ExperimentDialog, type Opened } from './ExperimentDialogs'
import { ExperimentRows } from './ExperimentRows'
import styles from './experiments.module.css'
import { List } from './List'
import { decode, encodeList, encodeOrder, type Shown } from './query'
import { SearchBox } from './SearchBox'
import { TagFilter } from './TagFilter'
import { flatRows, toggled, treeRows, type ExperimentRow, type Item, type Row } from './tree'
import { useExperiments, type Found } from './useExperiments'

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
  const { selected, select, selectAll, clear } = useSelection(rows, shown.deleted)
  const [dialog, setDialog] = useState<Opened | null>(null)
  useCommands(
    useMemo<Command[]>(
      () => [
        {
          group: 'Action',
          label: 'New experiment',
          icon: Plus,
          run: () => setDialog({ kind: 'create', folder: shown.folder }),
        },
        {
          group: 'Action',
          label: shown.deleted ? 'Show active experiments' : 'Show deleted experiments',
          icon: Trash2,
          run: () => setParams({ view: shown.deleted ? null : 'deleted' }),
        },
      ],
      [shown.deleted, shown.folder],
    ),
  )
  const narrowed = shown.search !== '' || shown.folder !== '' || shown.tags.length > 0
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
            onClick={() => setDialog({ kind: 'create', folder: shown.folder })}
          >
            New experiment
          </Button>
        </div>
        <div class={styles.bar}>
          <SearchBox text={shown.search} />
          {shown.folder && (
            <Chip
              text={`in ${shown.folder}`}
              name={shown.folder}
              onRemove={() => setParams({ folder: null })}
            />
          )}
          {shown.tags.map((tag) => (
            <Chip
              key={tag}
              text={tag.replace('=', ' = ')}
              name={tag}
              onRemove={() =>
                setParams({ tags: encodeList(shown.tags.filter((each) => each !== tag)) })
              }
            />
          ))}
          <TagFilter items={found.items} onTag={addTag} />
          {selected.size > 0 && (
            <Chosen items={[...selected.values()]} deleted={shown.deleted} onClear={clear} />
          )}
          <span class={styles.push}>
            <Segments
              label="Which experiments"
              value={shown.deleted ? 'deleted' : 'active'}
              choices={STAGES}
              onChoose={(value) => setParams({ view: value === 'deleted' ? value : null })}
            />
          </span>
        </div>
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
            uncounted={found.figuresError !== null}
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

/** Something that the list is narrowed by. */
function Chip({ text, name, onRemove }: { text: string; name: string; onRemove: () => void }) {
  return (
    <span class={styles.chip}>
      {text}
      <IconButton small icon={X} label={`No longer only ${name}`} onClick={onRemove} />
    </span>
  )
}

function useRows({ search, tags, order, opened }: Shown, { items, figures }: Found): Row[] {
  const flat = search !== '' || tags.length > 0
  return useMemo(
    () => (flat ? flatRows(items, figures, order) : treeRows(items, figures, order, opened)),
    [flat, items, figures, order, opened],
  )
}

/** Which experiments are ticked: they stay so while others are searched for. */
function useSelection(rows: readonly Row[], stage: boolean) {
  const [selected, setSelected] = useState<ReadonlyMap<string, Item>>(new Map())
  const last = useRef<string | null>(null)
  useEffect(() => setSelected(new Map()), [stage])
  const shown = rows.flatMap((row) => (row.kind === 'experiment' ? [row.item] : []))
  const mark = (items: readonly Item[], on: boolean) => {
    const next = new Map(selected)
    for (const item of items) {
      if (on) next.set(item.id, item)
      else next.delete(item.id)
    }
    setSelected(next)
  }
  const select = ({ item }: ExperimentRow, range: boolean) => {
    const from = range ? shown.findIndex((each) => each.id === last.current) : -1
    const to = shown.indexOf(item)
    const touched = from < 0 ? [item] : shown.slice(Math.min(from, to), Math.max(from, to) + 1)
    mark(touched, !selected.has(item.id))
    last.current = item.id
  }
  return {
    selected,
    select,
    selectAll: (on: boolean) => mark(shown, on),
    clear: () => setSelected(new Map()),
  }
}

function Total({ found, narrowed }: { found: Found; narrowed: boolean }) {
  if (narrowed) return <>{count(found.total)} found</>
  return <>{count(found.total)}</>
}
