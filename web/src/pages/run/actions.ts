import { ask } from '../../api/client'
import { refresh } from '../../api/query'
import { complain, say } from '../../ui/Toasts'
import { NOTE, type RunView } from './run'

/** Whatever shows runs asks for them again. */
export function runsChanged(): void {
  refresh('runs/get', 'runs/table', 'runs/columns', 'runs/groups', 'runs/search')
}

export async function renameRun(id: string, name: string): Promise<void> {
  await ask('runs/update', { run_id: id, run_name: name })
  runsChanged()
}

/** Set a tag, or with no value delete it. */
export async function tagRun(id: string, key: string, value: string | null): Promise<void> {
  if (value === null) await ask('runs/delete-tag', { run_id: id, key })
  else await ask('runs/set-tag', { run_id: id, key, value })
  runsChanged()
}

/** An empty description is none. */
export async function describeRun(run: RunView, text: string): Promise<void> {
  if (text || run.tags.has(NOTE)) await tagRun(run.id, NOTE, text || null)
}

/** End a run whose program is gone. */
export async function killRun(id: string): Promise<void> {
  await ask('runs/update', { run_id: id, status: 'KILLED', end_time: Date.now() })
  runsChanged()
}

/** Move a run to the bin, or take it out; a message offers the way back. */
export async function moveRun(run: RunView, into: 'bin' | 'list'): Promise<void> {
  try {
    await ask(into === 'bin' ? 'runs/delete' : 'runs/restore', { run_id: run.id })
  } catch (error) {
    complain(error)
    return
  }
  runsChanged()
  refresh('experiments/overview')
  say(into === 'bin' ? `Moved “${run.name}” to the bin` : `Restored “${run.name}”`, () => {
    void moveRun(run, into === 'bin' ? 'list' : 'bin')
  })
}
