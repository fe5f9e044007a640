import { useSyncExternalStore } from 'preact/compat'

/** The run under the pointer: tables and charts mark the same one. */
let highlighted: string | null = null
const listeners = new Set<() => void>()

export function setHighlighted(runId: string | null): void {
  if (runId === highlighted) return
  highlighted = runId
  for (const each of listeners) each()
}

export function useHighlighted(): string | null {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    () => highlighted,
  )
}
