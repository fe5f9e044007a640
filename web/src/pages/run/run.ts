import type { RunMessage } from '../../api/schema'
import { runName } from '../../lib/format'

export const NOTE = 'mlflow.note.content'
export const PARENT = 'mlflow.parentRunId'

/** A run as its page shows it. */
export interface RunView {
  id: string
  experimentId: string
  name: string
  status: string
  running: boolean
  deleted: boolean
  start: number
  end: number | null
  user: string
  tags: ReadonlyMap<string, string>
  parent: string | null
  message: RunMessage
}

export function viewOf(message: RunMessage): RunView {
  const { info, data } = message
  const tags = new Map((data.tags ?? []).map(({ key, value = '' }) => [key, value]))
  return {
    id: info.run_id,
    experimentId: info.experiment_id,
    name: runName(info.run_name, info.run_id),
    status: info.status,
    running: info.status === 'RUNNING' || info.status === 'SCHEDULED',
    deleted: info.lifecycle_stage === 'deleted',
    start: info.start_time,
    end: info.end_time ?? null,
    user: info.user_id,
    tags,
    parent: tags.get(PARENT) || null,
    message,
  }
}
