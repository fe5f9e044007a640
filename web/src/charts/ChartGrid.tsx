import { useEffect, useMemo, useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import { useRuns, type Runs, type RunSource } from '../api/runs'
import { setRunColours } from '../state/runColours'
import type { ChartSpec } from '../state/view'
import { Empty, Problem } from '../ui/Notes'
import { showsOf, titleOf, type Shared } from './ChartBody'
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
import { firstOptions } from './lib/first'
import { dressColumns, dressed, type By, type Dressed } from './lib/dress'
import { useSame } from './lib/useSame'
import { useWidth } from './lib/useWidth'
import { Nothing, Waiting } from './NoCharts'
import { Opened, type Open } from './Opened'
import { RunKey } from './RunKey'
import { useNames } from './useNames'

const NO_NAMES = { metrics: [], params: [], tags: [] }

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

/** Charts of some runs, as many as one likes. */
export function ChartGrid({ source, charts, onCharts, by, onBy, hidden = [] }: Props) {
  const [box, width] = useWidth()
  const [open, setOpen] = useState<Open | null>(null)
  const found = useRuns(source, dressColumns(by))
  const { names, varying, error } = useNames(source)
  const [pinned, onPin] = usePinned()
  const looks = useLooks(found.data, by, hidden)
  const all = readAll(charts)
  const many = found.data?.ids.length ?? 0
  const own = useMemo(
    () => (names ? ownCharts(names, varying ?? [], many) : []),
    [names, varying, many],
  )
  const shared: Shared = {
    source,
    runs: looks?.runs ?? [],
    common: all,
    pinned,
    onPin,
  }
  const placed = arranged(charts, own)
  const text = all.find
  const isMeant = ({ spec }: Placed) => matches(text, [titleOf(spec), ...showsOf(spec)])
  // a search leaves charts in the sections where they are without it
  const parts = sections(placed, showsOf)
    .map((section) => ({ ...section, charts: section.charts.filter(isMeant) }))
    .filter((section) => section.charts.length > 0)
  const change = (spec: ChartSpec) => onCharts(withChanged(charts, spec, own))
  const add = (kind: string) =>
    setOpen({
      what: 'new',
      spec: {
        id: freshId(),
        kind,
        ...(kind === 'parallel' && { width: 3 }), // a narrow one has no room for its axes
        options: firstOptions(kind, names ?? NO_NAMES, varying ?? []),
      },
    })

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
            all={all}
            onAll={(changes) => onCharts(writeAll(charts, changes))}
            by={by}
            onBy={onBy}
            names={names ?? NO_NAMES}
            alone={'ids' in source && source.ids.length === 1}
            onAdd={add}
          />
          {looks && <RunKey looks={looks} grouped={by.group !== ''} {...{ pinned, onPin }} />}
          {!looks || (all.own && !names) ? (
            !problem && <Waiting />
          ) : parts.length === 0 ? (
            <Nothing
              text={text}
              none={names?.metrics.length === 0 && placed.length === 0}
              onOwn={() => onCharts(null)}
            />
          ) : (
            width > 0 &&
            parts.map((section) => (
              <GridSection
                key={section.name}
                section={section}
                alone={parts.length === 1}
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

/** How runs look in charts, and whoever marks runs beside them knows it too. */
function useLooks(found: Runs | undefined, by: By, hidden: readonly string[]): Dressed | null {
  const sameBy = useSame(by)
  const sameHidden = useSame(hidden)
  const looks = useMemo(
    () => (found ? dressed(found, sameBy, new Set(sameHidden)) : null),
    [found, sameBy, sameHidden],
  )
  useEffect(() => {
    if (looks) setRunColours(new Map(looks.runs.map((run) => [run.id, run.colour])))
  }, [looks])
  return looks
}

function freshId(): string {
  return crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)
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
