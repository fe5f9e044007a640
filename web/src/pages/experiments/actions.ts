import { ask } from '../../api/client'
import { refresh } from '../../api/query'
import { plural } from '../../lib/format'
import { complain, say } from '../../ui/Toasts'
import type { Item } from './tree'
import { NOTE } from './useExperiments'

/** Whatever shows experiments asks for them again. */
function changed(): void {
  refresh('experiments/search', 'experiments/get', 'experiments/overview')
}

export async function createExperiment(
  name: string,
  location: string,
  description: string,
): Promise<string> {
  const { experiment_id } = await ask('experiments/create', {
    name,
    ...(location && { artifact_location: location }),
    ...(description && { tags: [{ key: NOTE, value: description }] }),
  })
  changed()
  return experiment_id
}

export async function renameExperiment(id: string, name: string): Promise<void> {
  await ask('experiments/update', { experiment_id: id, new_name: name })
  changed()
}

/** Set a tag, or with no value delete it. */
export async function tagExperiment(id: string, key: string, value: string | null): Promise<void> {
  if (value === null) await ask('experiments/delete-experiment-tag', { experiment_id: id, key })
  else await ask('experiments/set-experiment-tag', { experiment_id: id, key, value })
  changed()
}

/** An empty description is none. */
export async function describeExperiment(item: Item, text: string): Promise<void> {
  if (text || item.description) await tagExperiment(item.id, NOTE, text || null)
}

/** Move experiments to the bin, or take them out; a message offers the way back. */
export async function moveExperiments(items: readonly Item[], into: 'bin' | 'list'): Promise<void> {
  const verb = into === 'bin' ? ('experiments/delete' as const) : ('experiments/restore' as const)
  const done: Item[] = []
  for (const item of items) {
    try {
      await ask(verb, { experiment_id: item.id })
      done.push(item)
    } catch (error) {
      complain(error)
    }
  }
  if (done.length === 0) return
  changed()
  const what = done.length === 1 ? `“${done[0]!.name}”` : plural(done.length, 'experiment')
  const back = into === 'bin' ? 'list' : 'bin'
  say(into === 'bin' ? `Moved ${what} to the bin` : `Restored ${what}`, () => {
    void moveExperiments(done, back)
  })
}
