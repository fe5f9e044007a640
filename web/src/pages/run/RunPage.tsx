import { lazy, Suspense } from 'preact/compat'
import { useEffect, useMemo } from 'preact/hooks'
import { plural } from '../../lib/format'
import { paths } from '../../paths'
import { go, setParams, useAddress } from '../../state/address'
import { useCommands, type Command } from '../../state/commands'
import { useTitle } from '../../state/title'
import { Empty, Problem, Skeleton } from '../../ui/Notes'
import { Tabs } from '../../ui/Tabs'
import { Overview } from './Overview'
import type { RunView } from './run'
import styles from './run.module.css'
import { RunHead } from './RunHead'
import { tabOf, type Tab } from './tabs'
import { useChildCount, useRun } from './useRun'

const charts = () => import('./RunCharts')
const Charts = lazy(() => charts().then((found) => ({ default: found.RunCharts })))
const System = lazy(() => charts().then((found) => ({ default: found.SystemCharts })))
const Artifacts = lazy(() =>
  import('../../artifacts/ArtifactBrowser').then((found) => ({ default: found.ArtifactBrowser })),
)
const Children = lazy(() => import('./Children').then((found) => ({ default: found.Children })))

/** All about one run. */
export function RunPage({
  experimentId,
  runId,
  tab,
  rest,
}: {
  experimentId: string
  runId: string
  tab?: string
  rest?: string
}) {
  const { run, error } = useRun(runId)
  const open = tabOf(tab)
  const { params } = useAddress()
  useTitle(run?.name ?? null)
  const charted = open === 'charts' || open === 'system'
  useEffect(() => {
    // while the run is asked for; what draws them says what goes wrong
    if (charted) charts().catch(() => {})
  }, [charted])
  useEffect(() => {
    // an address may name another experiment, or none: "_"
    if (!run || run.experimentId === experimentId) return
    go(paths.run(run.experimentId, runId, tab, Object.fromEntries(params)), { replace: true })
  }, [run, experimentId, runId, tab, params])
  if (!run) {
    if (!error) return <Waiting />
    if (error.code === 'RESOURCE_DOES_NOT_EXIST') {
      return (
        <Empty title="There is no such run">
          <p>
            No run has the id <code>{runId}</code>. It may have been removed for good, or belong to
            another server. <a href={paths.experiments()}>See what is here</a>.
          </p>
        </Empty>
      )
    }
    return (
      <div class={styles.page}>
        <Problem>{error.message}</Problem>
      </div>
    )
  }
  return (
    <div class={styles.page} data-fills={open === 'artifacts'}>
      <RunHead run={run} />
      <RunTabs run={run} open={open} />
      <Suspense fallback={<Skeleton height={320} />}>
        <Shown run={run} open={open} path={params.get('path') ?? rest ?? ''} />
      </Suspense>
    </div>
  )
}

function RunTabs({ run, open }: { run: RunView; open: Tab }) {
  const children = useChildCount(run)
  const metrics = run.message.data.metrics ?? []
  const system = metrics.some((metric) => metric.key.startsWith('system/'))
  const shown = useMemo(
    () =>
      [
        { name: '' as Tab, label: 'Overview' },
        { name: 'charts' as Tab, label: 'Charts' },
        ...(system || open === 'system'
          ? [{ name: 'system' as Tab, label: 'System metrics' }]
          : []),
        { name: 'artifacts' as Tab, label: 'Artifacts' },
        ...(children > 0 || open === 'children'
          ? [
              {
                name: 'children' as Tab,
                label: children ? plural(children, 'child', 'children') : 'Children',
              },
            ]
          : []),
      ].map((tab) => ({ ...tab, href: paths.run(run.experimentId, run.id, tab.name) })),
    [system, children, open, run.experimentId, run.id],
  )
  useCommands(
    useMemo<Command[]>(
      () => shown.map(({ label, href }) => ({ group: 'Run', label, run: () => go(href) })),
      [shown],
    ),
  )
  return <Tabs label="Parts of the run" tabs={shown} open={open} />
}

function Shown({ run, open, path }: { run: RunView; open: Tab; path: string }) {
  switch (open) {
    case '':
      return <Overview run={run} />
    case 'charts':
      return <Charts run={run} />
    case 'system':
      return <System run={run} />
    case 'artifacts':
      return (
        <div class={styles.fill}>
          <Artifacts
            experimentId={run.experimentId}
            runId={run.id}
            path={path}
            onPath={(next) => setParams({ path: next || null }, { replace: false })}
          />
        </div>
      )
    case 'children':
      return <Children run={run} />
  }
}

function Waiting() {
  return (
    <div class={styles.page} aria-busy="true">
      <div class={styles.head}>
        <Skeleton width={220} height={14} />
        <Skeleton width={320} height={26} />
        <Skeleton width={460} height={16} />
      </div>
      <Skeleton height={36} />
      <div class={styles.overview}>
        <Skeleton height={420} />
        <Skeleton height={420} />
      </div>
    </div>
  )
}
