import { useMemo } from 'preact/hooks'
import { useRuns } from '../../api/runs'
import { useSame } from '../lib/useSame'
import { shown, valuesOf, type Values } from '../lib/values'
import type { ChartRun, Picture, PlotProps } from '../types'

/** Runs with some of their columns, side by side: `values[c].numbers[i]` belongs to `runs[i]`. */
export interface Table {
  runs: ChartRun[]
  values: Values[]
  byId: Map<string, ChartRun>
  /** how many runs there are beyond these */
  left: number
}

type Source = Pick<PlotProps<unknown>, 'source' | 'runs'>

/** The columns of the runs that charts show. */
export function useValues(
  { source, runs }: Source,
  columns: readonly string[],
): { table: Table | null; error: unknown } {
  const asked = useSame(columns)
  const enabled = asked.length > 0 && asked.every(Boolean)
  const { data, error } = useRuns(source, [...new Set(asked)], { enabled })
  const table = useMemo(() => {
    // what stands in for another question may lack a column
    if (!data || !enabled || asked.some((name) => !data.columns[name])) return null
    const byId = new Map(runs.map((run) => [run.id, run]))
    const places = data.ids.flatMap((id, place) => (byId.has(id) ? [place] : []))
    const table: Table = {
      runs: places.map((place) => byId.get(data.ids[place]!)!),
      values: asked.map((name) =>
        valuesOf(
          name,
          places.map((place) => data.columns[name]![place]),
        ),
      ),
      byId,
      left: data.total - data.ids.length,
    }
    return table
  }, [data, runs, asked, enabled])
  return { table, error: table ? null : error }
}

/** A picture whose files say which run is meant, as names need not differ. */
export function withRunIds(picture: Picture, ids: () => (string | null)[]): Picture {
  return {
    ...picture,
    csv: () => {
      const runs = ids()
      const rows = picture.rows().map((row, index) => [runs[index] ?? null, ...row])
      return { columns: ['run_id', ...picture.columns], rows }
    },
  }
}

/** The rows of some runs in the table of a chart: the name, and each value. */
export function rowsOf({ runs, values }: Table, places: readonly number[]): (string | number)[][] {
  return places.map((place) => [
    runs[place]!.name,
    ...values.map((each) =>
      each.numeric && !each.time ? each.numbers[place]! : shown(each, place),
    ),
  ])
}

/** What readers should know of runs that a chart does not show. */
export function notesOf({ left }: Table, missing: number, what: string): string[] {
  const notes: string[] = []
  if (left > 0) notes.push(`${left.toLocaleString('en-US')} further runs not drawn`)
  if (missing > 0) notes.push(`${missing.toLocaleString('en-US')} without ${what}`)
  return notes
}
