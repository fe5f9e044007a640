import { mean as meanOf } from './numbers'
import type { ChartRun } from '../types'

export interface Bar {
  label: string
  colour: string
  /** null for the mean of a group */
  runId: string | null
  value: number
  /** sample standard deviation of a group; 0 for a run */
  deviation: number
  runs: number
}

/** The bars of runs, or of the means of their groups; the best `most`, largest or smallest first. */
export function barsOf(
  runs: readonly ChartRun[],
  numbers: ArrayLike<number>,
  { most, lowest }: { most: number; lowest: boolean },
): Bar[] {
  const groups = new Map<string, { first: ChartRun; values: number[] }>()
  for (const [place, run] of runs.entries()) {
    const value = numbers[place]!
    if (!Number.isFinite(value)) continue
    const id = run.group ?? run.id
    const found = groups.get(id)
    if (found) found.values.push(value)
    else groups.set(id, { first: run, values: [value] })
  }
  const bars = [...groups.values()].map(({ first, values }): Bar => {
    const value = meanOf(values)
    const squares = values.reduce((sum, each) => sum + (each - value) ** 2, 0)
    return {
      label: first.group ?? first.name,
      colour: first.colour,
      runId: first.group === null ? first.id : null,
      value,
      deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0,
      runs: values.length,
    }
  })
  return bars.sort((a, b) => (lowest ? a.value - b.value : b.value - a.value)).slice(0, most)
}
