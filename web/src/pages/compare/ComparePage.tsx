import { FlaskConical, GitCompare } from 'lucide'
import { lazy, Suspense } from 'preact/compat'
import { useEffect, useMemo } from 'preact/hooks'
import { sentence } from '../../api/errors'
import { refresh, useAsk } from '../../api/query'
import { colours } from '../../lib/colour'
import { plural, runName } from '../../lib/format'
import { paths } from '../../paths'
import { copy } from '../../ui/Copy'
import { useCommands, type Command } from '../../state/commands'
import { format, useAddress } from '../../state/address'
import { useLive } from '../../state/live'
import { usePrefs } from '../../state/prefs'
import { Button, LinkButton } from '../../ui/Button'
import { Empty, Problem, Skeleton } from '../../ui/Notes'
import { Tabs } from '../../ui/Tabs'
import { complain, say } from '../../ui/Toasts'
import styles from './compare.module.css'
import { useCompareState, writeState, type Change, type CompareState, type Tab } from './state'
import { useCompared, type Compared } from './useCompared'
import { Values } from './Values'

const Charts = lazy(() => import('./Charts').then((found) => ({ default: found.Charts })))
const Explain = lazy(() => import('./Explain').then((found) => ({ default: found.Explain })))
const Artifacts = lazy(() => import('./Artifacts').then((found) => ({ default: found.Artifacts })))

const LABELS: Record<Tab, string> = {
  values: 'Values',
  charts: 'Charts',
  explain: 'What explains a metric',
  artifacts: 'Artifacts',
}

/** names of experiments that are shown in the head */
const MOST_EXPERIMENTS = 4

/** A run as the parts of this page show it. */
export interface ComparedRun {
  id: string
  name: string
  status: string
  experimentId: string
  deleted: boolean
  colour: string
}

/** What the parts of this page are given. */
export interface PartProps {
  state: CompareState
  change: Change
  compared: Compared
  runs: readonly ComparedRun[]
}

/** Two to hundreds of runs side by side. */
export function ComparePage() {
  const [state, change] = useCompareState()
  const compared = useCompared(state.ids, state.experimentIds, state.of)
  const runs = useMemo(() => runsOf(compared), [compared])
  usePalette(state, change)
  useFollowing(compared, runs)
  if (state.ids.length === 0) return <NoRuns />
  if (compared.error && !compared.about) {
    return (
      <div class={styles.page}>
        <h1>Compare runs</h1>
        <Problem>{sentence(compared.error)}</Problem>
        <div>
          <Button onClick={compared.again}>Try again</Button>
        </div>
      </div>
    )
  }
  const waiting = !compared.about && compared.missing.length === 0
  return (
    <div class={styles.page} data-tab={state.tab}>
      <div class={styles.head}>
        <h1>Compare {plural(state.ids.length - compared.missing.length, 'run')}</h1>
        {compared.experimentIds.slice(0, MOST_EXPERIMENTS).map((id) => (
          <ExperimentLink key={id} id={id} />
        ))}
      </div>
      {compared.missing.length > 0 && (
        <Missing ids={compared.missing} all={state.ids} change={change} />
      )}
      <PageTabs open={state.tab} />
      <div class={styles.part}>
        {waiting ? (
          <Waiting />
        ) : runs.length === 0 ? (
          <NoRuns />
        ) : (
          <Suspense fallback={<Waiting />}>
            <Part state={state} change={change} compared={compared} runs={runs} />
          </Suspense>
        )}
      </div>
    </div>
  )
}

function ExperimentLink({ id }: { id: string }) {
  const { data } = useAsk('experiments/get', { experiment_id: id }, { staleTime: 60_000 })
  return (
    <LinkButton small kind="quiet" icon={FlaskConical} href={paths.experiment(id)}>
      {data?.experiment.name ?? `Experiment ${id}`}
    </LinkButton>
  )
}

function Part(props: PartProps) {
  switch (props.state.tab) {
    case 'values':
      return <Values {...props} />
    case 'charts':
      return <Charts {...props} />
    case 'explain':
      return <Explain {...props} />
    case 'artifacts':
      return <Artifacts {...props} />
  }
}

function PageTabs({ open }: { open: Tab }) {
  const { path, params } = useAddress()
  const tabs = (Object.keys(LABELS) as Tab[]).map((name) => ({
    name,
    label: LABELS[name],
    href: format(path, { ...Object.fromEntries(params), ...writeState({ tab: name }) }),
  }))
  return <Tabs label="Parts of the comparison" tabs={tabs} open={open} />
}

function runsOf({ about }: Compared): ComparedRun[] {
  if (!about) return []
  const inColour = colours([...about.ids].sort())
  const text = (name: string, at: number) => String(about.columns[name]?.[at] ?? '')
  return about.ids.map((id, at) => ({
    id,
    name: runName(text('attributes.run_name', at), id),
    status: text('attributes.status', at),
    experimentId: text('attributes.experiment_id', at),
    deleted: text('attributes.lifecycle_stage', at) === 'deleted',
    colour: inColour.get(id)!,
  }))
}

/** While one of the runs goes on, what is shown follows. */
function useFollowing({ experimentIds }: Compared, runs: readonly ComparedRun[]): void {
  const { live } = usePrefs()
  useLive(
    experimentIds,
    (changed) => {
      if (runs.some(({ id }) => changed.includes(id))) {
        refresh('runs/table', 'runs/columns', 'metrics/curves')
      }
    },
    live && runs.some(({ status }) => status === 'RUNNING'),
  )
}

function usePalette(state: CompareState, change: Change): void {
  const commands = useMemo<Command[]>(
    () => [
      {
        group: 'Compare',
        label: state.differ ? 'Show all rows' : 'Show only differences',
        icon: GitCompare,
        run: () => change({ differ: !state.differ }),
      },
      ...(Object.keys(LABELS) as Tab[]).map((tab) => ({
        group: 'Compare',
        label: LABELS[tab],
        run: () => change({ tab }),
      })),
      {
        group: 'Compare',
        label: 'Copy link to this comparison',
        run: () => void copy(window.location.href).then(() => say('Copied'), complain),
      },
    ],
    [state.differ, change],
  )
  useCommands(commands)
}

/** Names runs of the address that are not there, and takes them out of it. */
function Missing({
  ids,
  all,
  change,
}: {
  ids: readonly string[]
  all: readonly string[]
  change: Change
}) {
  const named = ids.slice(0, 5).join(', ')
  return (
    <div class={styles.missing}>
      <Problem>
        {ids.length === 1 ? 'There is no run ' : `There are no runs `}
        {named}
        {ids.length > 5 && ` and ${ids.length - 5} more`} in{' '}
        {ids.length === 1 ? 'the experiments' : 'these experiments'} of this link. It may have been
        removed for good, or belong to another experiment.
      </Problem>
      <Button small onClick={() => change({ ids: all.filter((id) => !ids.includes(id)) })}>
        Leave {ids.length === 1 ? 'it' : 'them'} out
      </Button>
    </div>
  )
}

function NoRuns() {
  // an old link may name none
  useEffect(() => {
    document.title = 'Compare runs · Millstream'
  }, [])
  return (
    <Empty title="No runs to compare">
      <p>Open an experiment, tick two or more runs, and choose Compare.</p>
      <LinkButton kind="primary" href={paths.experiments()}>
        Show experiments
      </LinkButton>
    </Empty>
  )
}

function Waiting() {
  return (
    <div class={styles.waiting} aria-busy="true">
      {Array.from({ length: 12 }, (_, index) => (
        <Skeleton key={index} height={18} width={`${90 - (index % 4) * 7}%`} />
      ))}
    </div>
  )
}
