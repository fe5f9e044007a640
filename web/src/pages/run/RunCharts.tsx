import { Skeleton } from '../../ui/Notes'
import type { RunView } from './run'

/** The curves of a run. */
export function RunCharts(_: { run: RunView }) {
  return <Skeleton height={320} />
}

/** What the machine did meanwhile. */
export function SystemCharts(_: { run: RunView }) {
  return <Skeleton height={320} />
}
