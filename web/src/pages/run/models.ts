/** The models of a run: those it made, those it read, and those that older clients noted in a tag. */

import type { RunMessage } from '../../api/schema'

export interface RunModel {
  /** what it is called: its folder, or its id */
  name: string
  id: string | null
  /** its folder among the artifacts of the run */
  path: string | null
  flavors: string[]
  step: number | null
  made: boolean
  /** milliseconds since the epoch */
  created: number | null
}

export function modelsOf(run: RunMessage): RunModel[] {
  const made = (run.outputs?.model_outputs ?? []).map(({ model_id, step }) => ({
    ...bare(model_id, true),
    step,
  }))
  const read = (run.inputs?.model_inputs ?? []).map(({ model_id }) => bare(model_id, false))
  const tag = run.data.tags?.find(({ key }) => key === 'mlflow.log-model.history')?.value
  return [...made, ...history(tag ?? ''), ...read]
}

function bare(id: string, made: boolean): RunModel {
  return { name: id, id, path: null, flavors: [], step: null, made, created: null }
}

function history(text: string): RunModel[] {
  let entries: unknown
  try {
    entries = JSON.parse(text || '[]')
  } catch {
    return []
  }
  if (!Array.isArray(entries)) return []
  const byPath = new Map<string, RunModel>()
  for (const each of entries as Record<string, unknown>[]) {
    if (typeof each?.artifact_path !== 'string') continue
    // a model that was logged again took the place of the one before
    byPath.set(each.artifact_path, {
      name: each.artifact_path,
      id: typeof each.model_uuid === 'string' ? each.model_uuid : null,
      path: each.artifact_path,
      flavors: Object.keys((each.flavors as object | null) ?? {}).filter(
        (name) => name !== 'python_function',
      ),
      step: null,
      made: true,
      created: time(each.utc_time_created),
    })
  }
  return [...byPath.values()]
}

/** `2026-11-20 10:00:00.000000`, which is in UTC. */
function time(text: unknown): number | null {
  const found = typeof text === 'string' ? /^(\S+)[ T](\d+:\d+:\d+)/.exec(text) : null
  const value = found ? Date.parse(`${found[1]}T${found[2]}Z`) : Number.NaN
  return Number.isNaN(value) ? null : value
}
