import { useEffect, useMemo, useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import { useRuns, type RunSource } from '../api/runs'
import { count } from '../lib/format'
import { setHighlighted, useHighlighted } from '../state/highlight'
import { setRunColours } from '../state/runColours'
import type { ChartSpec } from '../state/view'
import { Button } from '../ui/Button'
import { Field, Input } from '../ui/Field'
import { FormDialog } from '../ui/Dialog'
import { Empty, Problem, Skeleton } from '../ui/Notes'
import { showsOf, titleOf, type Shared } from './ChartBody'
import { ChartDialog } from './ChartDialog'
import { FullScreen } from './FullScreen'
import styles from './grid.module.css'
import { GridBar } from './GridBar'
import { GridSection } from './GridSection'
import {
  arranged,
  matches,
  ownCharts,
  readAll,
  sections,
  withChanged,
  withChart,
  withMoved,
  withoutChart,
  writeAll,
  type Placed,
} from './lib/arrange'
import { dressColumns, dressed, type By, type Dressed } from './lib/dress'
import { useSame } from './lib/useSame'
import { useWidth } from './lib/useWidth'
import { Legend, Swatch } from './parts/Legend'
import { ShadeKey } from './parts/ShadeKey'
import { useNames } from './useNames'

const NO_NAMES = { metrics: [], params: [], tags: [] }
const SNIPPET = `import mlflow

with mlflow.start_run():
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`

interface Props {
  source: RunSource
  /** null: the grid's own choice from the metrics there are */
  charts: ChartSpec[] | null
  onCharts: (charts: ChartSpec[] | null) => void
  /** names of columns, or empty */
  by: By
  onBy: (by: By) => void
  /** ids of runs to leave out */
  hidden?: readonly string[]
}

type Open = { what: 'edit' | 'new' | 'rename' | 'full'; spec: ChartSpec; after?: string }

/** Charts of some runs, as many as one likes. */
export function ChartGrid({ source, charts, onCharts, by, onBy, hidden = [] }: Props) {
  const [box, width] = useWidth()
  const [text, setText] = useState('')
  const [open, setOpen] = useState<Open | null>(null)
  const found = useRuns(source, dressColumns(by))
  const { names, varying, error } = useNames(source)
  const [pinned, onPin] = usePinned()
  const left = useSame(hidden)
  const hiddenSet = useMemo(() => new Set(left), [left])
  const sameBy = useSame(by)
  const looks = useMemo(
    () => (found.data ? dressed(found.data, sameBy, hiddenSet) : null),
    [found.data, sameBy, hiddenSet],
  )
  useEffect(() => {
    if (looks) setRunColours(new Map(looks.runs.map((run) => [run.id, run.colour])))
  }, [looks])
  const all = readAll(charts)
  const many = found.data?.ids.length ?? 0
  const own = useMemo(
    () => (names ? ownCharts(names, varying ?? [], many) : []),
    [names, varying, many],
  )
  const shared: Shared = {
    source,
    runs: looks?.runs ?? [],
    hidden: hiddenSet,
    common: all,
    pinned,
    onPin,
  }
  const placed = arranged(charts, own)
  const shown = placed.filter(({ spec }) => matches(text, [titleOf(spec), ...showsOf(spec)]))
  const change = (spec: ChartSpec) => onCharts(withChanged(charts, spec, own))
  const add = (kind: string) =>
    setOpen({ what: 'new', spec: { id: freshId(), kind, options: firstOptions(kind, shown) } })

  const problem = found.error ?? error
  const empty = found.data && many === 0
  return (
    <div ref={box} class={styles.grid}>
      {problem ? <Problem>{sentence(problem)}</Problem> : null}
      {empty ? (
        <Empty title="No runs to draw">
          <p>Charts show runs that are chosen, in view or found by the query: here are none.</p>
        </Empty>
      ) : (
        <>
          <GridBar
            text={text}
            onText={setText}
            all={all}
            onAll={(changes) => onCharts(writeAll(charts, changes))}
            by={by}
            onBy={onBy}
            names={names ?? NO_NAMES}
            alone={'ids' in source && source.ids.length === 1}
            onAdd={add}
          />
          {looks && <Looks looks={looks} grouped={by.group !== ''} {...{ pinned, onPin }} />}
          {!looks || (all.own && !names) ? (
            !problem && <Waiting />
          ) : shown.length === 0 ? (
            <Nothing
              text={text}
              none={names?.metrics.length === 0 && placed.length === 0}
              onOwn={() => onCharts(null)}
            />
          ) : (
            width > 0 &&
            sections(shown, showsOf).map((section, _, list) => (
              <GridSection
                key={section.name}
                section={section}
                alone={list.length === 1}
                searching={text !== ''}
                width={width}
                shared={shared}
                onSpec={change}
                onOpen={(what, spec) => setOpen({ what, spec })}
                onDuplicate={(spec) =>
                  onCharts(
                    withChart(
                      charts,
                      { ...spec, id: freshId(), title: `${titleOf(spec)} (copy)` },
                      spec.id,
                    ),
                  )
                }
                onRemove={(chart) => onCharts(withoutChart(charts, chart))}
                onMove={(id, to) =>
                  onCharts(
                    withMoved(
                      charts,
                      section.charts.map(({ spec }) => spec.id),
                      id,
                      to,
                    ),
                  )
                }
              />
            ))
          )}
        </>
      )}
      {open && (
        <Opened
          open={open}
          placed={placed}
          shared={shared}
          names={names ?? NO_NAMES}
          onSpec={(spec) =>
            open.what === 'new' ? onCharts(withChart(charts, spec)) : change(spec)
          }
          onClose={() => setOpen(null)}
        />
      )}
    </div>
  )
}

function freshId(): string {
  return crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)
}

/** What a new chart begins with: the metrics of the first chart there is. */
function firstOptions(kind: string, shown: readonly Placed[]): Record<string, unknown> {
  const first = shown.find(({ spec }) => spec.kind === 'line')?.spec
  return kind === 'line' && first ? { metrics: first.options.metrics } : {}
}

/** Runs that stay marked. */
function usePinned(): [ReadonlySet<string>, (runId: string) => void] {
  const [pinned, setPinned] = useState<ReadonlySet<string>>(new Set())
  const toggle = (runId: string) =>
    setPinned((before) => {
      const after = new Set(before)
      if (!after.delete(runId)) after.add(runId)
      return after
    })
  return [pinned, toggle]
}

function Opened({
  open: { what, spec: given },
  placed,
  shared,
  names,
  onSpec,
  onClose,
}: {
  open: Open
  placed: readonly Placed[]
  shared: Shared
  names: Parameters<typeof ChartDialog>[0]['names']
  onSpec: (spec: ChartSpec) => void
  onClose: () => void
}) {
  // what was opened may have changed since, by a zoom for instance
  const spec = placed.find((chart) => chart.spec.id === given.id)?.spec ?? given
  if (what === 'full') return <FullScreen {...{ spec, shared, onSpec, onClose }} />
  if (what === 'rename') return <Rename {...{ spec, onSpec, onClose }} />
  return (
    <ChartDialog isNew={what === 'new'} onSave={onSpec} {...{ spec, names, shared, onClose }} />
  )
}

function Rename({
  spec,
  onSpec,
  onClose,
}: {
  spec: ChartSpec
  onSpec: (spec: ChartSpec) => void
  onClose: () => void
}) {
  const [title, setTitle] = useState(spec.title ?? '')
  return (
    <FormDialog
      title="Rename chart"
      action="Rename"
      onClose={onClose}
      onSubmit={async () => onSpec({ ...spec, title })}
    >
      <Field label="Title (empty: what it shows)">
        <Input
          autofocus
          value={title}
          placeholder={titleOf({ ...spec, title: '' })}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </Field>
    </FormDialog>
  )
}

/** Which colour is which run; or what the colours and dashes were chosen to mean. */
function Looks({
  looks,
  grouped,
  pinned,
  onPin,
}: {
  looks: Dressed
  grouped: boolean
  pinned: ReadonlySet<string>
  onPin: (runId: string) => void
}) {
  const highlighted = useHighlighted()
  const entries = useMemo(
    () =>
      looks.runs.map((run) => ({
        id: run.id,
        label: run.name,
        colour: run.colour,
        dash: run.dash,
      })),
    [looks],
  )
  return (
    <>
      {looks.key.map(({ title, entries: list, values }) => (
        <div key={title} class={styles.key}>
          {values ? (
            <ShadeKey values={values} />
          ) : (
            <>
              <span>{title}</span>
              {list.map((entry) => (
                <span key={entry.label} class={styles.keyEntry}>
                  <Swatch colour={entry.colour} dash={entry.dash} />
                  {entry.label}
                </span>
              ))}
            </>
          )}
        </div>
      ))}
      {!grouped && entries.length > 1 && (
        <Legend
          label={`${count(entries.length)} runs`}
          entries={entries}
          marked={highlighted}
          pinned={pinned}
          onMark={setHighlighted}
          onPin={onPin}
        />
      )}
    </>
  )
}

function Waiting() {
  return (
    <div class={styles.cards} aria-busy="true">
      {[0, 1, 2, 3, 4, 5].map((place) => (
        <Skeleton key={place} height={310} />
      ))}
    </div>
  )
}

function Nothing({ text, none, onOwn }: { text: string; none: boolean; onOwn: () => void }) {
  if (text) {
    return (
      <Empty title="No chart of that name">
        <p>Titles and the names of metrics and params are searched.</p>
      </Empty>
    )
  }
  if (none) {
    return (
      <Empty title="No metrics yet" snippet={SNIPPET}>
        <p>A chart appears for every metric that a run logs.</p>
      </Empty>
    )
  }
  return (
    <Empty title="All charts were removed">
      <Button onClick={onOwn}>Show a chart for each metric</Button>
    </Empty>
  )
}
