import { ask } from '../../api/client'
import { refresh } from '../../api/query'
import { plural } from '../../lib/format'
import { isAll, type Selection } from '../../lib/selection'
import { topFilter, type TableQuestion } from '../../table/sources'
import { complain, say } from '../../ui/Toasts'

const PAGE = 1_000
/** Requests at a time: enough to be quick, few enough to leave the server to others. */
const TOGETHER = 6

/** The ids of the runs that are ticked; of all that match they are fetched. */
export async function idsOf(selection: Selection, question: TableQuestion): Promise<string[]> {
  if (!isAll(selection)) return [...selection]
  const left = new Set(selection)
  const found: string[] = []
  for (let offset = 0; ; offset += PAGE) {
    const { run_ids } = await ask('runs/table', {
      experiment_ids: question.experimentIds,
      filter: topFilter(question),
      run_view_type: question.lifecycle,
      columns: [],
      offset,
      max_results: PAGE,
    })
    for (const id of run_ids) if (!left.has(id)) found.push(id)
    if (run_ids.length < PAGE) return found
  }
}

/** Do something to each of some runs, a few at a time; those that failed are complained of once. */
export async function forEach(
  ids: readonly string[],
  act: (id: string) => Promise<unknown>,
  onProgress?: (done: number) => void,
): Promise<string[]> {
  const done: string[] = []
  let next = 0
  let problem: unknown = null
  const work = async () => {
    while (next < ids.length) {
      const id = ids[next++]!
      try {
        await act(id)
        done.push(id)
      } catch (error) {
        problem ??= error
      }
      onProgress?.(done.length)
    }
  }
  await Promise.all(Array.from({ length: TOGETHER }, work))
  if (problem !== null) complain(problem)
  return done
}

/** Whatever shows runs asks for them again. */
export function runsChanged(): void {
  refresh('runs/table', 'runs/get', 'runs/columns', 'runs/groups', 'experiments/overview')
}

/** Move runs to the bin, or take them out; a message offers the way back. */
export async function moveRuns(
  ids: readonly string[],
  into: 'bin' | 'list',
  changed: () => void,
  onProgress?: (done: number) => void,
): Promise<void> {
  const verb = into === 'bin' ? ('runs/delete' as const) : ('runs/restore' as const)
  const done = await forEach(ids, (id) => ask(verb, { run_id: id }), onProgress)
  runsChanged()
  changed()
  if (done.length === 0) return
  const back = into === 'bin' ? 'list' : 'bin'
  say(`${into === 'bin' ? 'Deleted' : 'Restored'} ${plural(done.length, 'run')}`, () => {
    void moveRuns(done, back, changed)
  })
}

/** End runs that nobody feeds any more. */
export async function killRuns(ids: readonly string[], changed: () => void): Promise<void> {
  const now = Date.now()
  const done = await forEach(ids, (id) =>
    ask('runs/update', { run_id: id, status: 'KILLED', end_time: now }),
  )
  runsChanged()
  changed()
  if (done.length > 0) say(`Marked ${plural(done.length, 'run')} as killed`)
}
