import { useMemo } from 'preact/hooks'
import type { RunSource } from '../../api/runs'
import { ChartGrid } from '../../charts/ChartGrid'
import { useView } from '../../state/useView'
import type { PartProps } from './ComparePage'

/** The curves of the runs over each other. */
export function Charts({ compared, runs }: PartProps) {
  const [view, change] = useView()
  // sorted, so that a run keeps its colour when columns are moved
  const ids = runs
    .map(({ id }) => id)
    .sort()
    .join()
  const source = useMemo<RunSource>(
    () => ({ experimentIds: compared.experimentIds, ids: ids.split(',') }),
    [compared.experimentIds, ids],
  )
  const { chartGroup: group, chartColour: colour, chartDash: dash } = view
  return (
    <ChartGrid
      source={source}
      charts={view.charts}
      onCharts={(charts) => change({ charts })}
      by={{ group, colour, dash }}
      onBy={(by) => change({ chartGroup: by.group, chartColour: by.colour, chartDash: by.dash })}
    />
  )
}
