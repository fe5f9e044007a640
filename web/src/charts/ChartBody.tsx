import { useMemo } from 'preact/hooks'
import type { RunSource } from '../api/runs'
import { setHighlighted, useHighlighted } from '../state/highlight'
import type { ChartSpec } from '../state/view'
import { kindOf } from './index'
import { useSame } from './lib/useSame'
import { Guard } from './parts/Guard'
import { State } from './parts/State'
import type { ChartRun, Common, Picture } from './types'

/** What all charts of a grid are given. */
export interface Shared {
  source: RunSource
  runs: readonly ChartRun[]
  common: Common
  pinned: ReadonlySet<string>
  onPin: (runId: string) => void
}

/** The picture of one chart, of whatever kind. */
export function ChartBody({
  spec,
  title,
  shared,
  width,
  height,
  onOptions,
  onPicture,
}: {
  spec: ChartSpec
  title: string
  shared: Shared
  width: number
  height: number
  onOptions: (options: Record<string, unknown>) => void
  onPicture: (picture: Picture | null) => void
}) {
  const highlighted = useHighlighted()
  const kind = kindOf(spec.kind)
  const given = useSame(spec.options)
  const options = useMemo(() => kind?.read(given) ?? {}, [kind, given])
  if (!kind) {
    return (
      <State height={height}>
        This version of the UI knows no chart of the kind “{spec.kind}”.
      </State>
    )
  }
  return (
    <Guard height={height} token={options}>
      <kind.Plot
        {...shared}
        title={title}
        options={options}
        width={width}
        height={height}
        highlighted={highlighted}
        onHighlight={setHighlighted}
        onChange={(changes) => onOptions(present({ ...spec.options, ...changes }))}
        onPicture={onPicture}
      />
    </Guard>
  )
}

/** Without what is null, which is as if absent. */
function present(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null))
}

/** The title of a chart: the user's, or what it shows. */
export function titleOf(spec: ChartSpec): string {
  const kind = kindOf(spec.kind)
  return spec.title || (kind ? kind.title(kind.read(spec.options)) : spec.kind) || 'Untitled'
}

/** The names that a chart shows. */
export function showsOf(spec: ChartSpec): readonly string[] {
  const kind = kindOf(spec.kind)
  return kind ? kind.shows(kind.read(spec.options)) : []
}
