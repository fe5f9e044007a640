import { useSyncExternalStore } from 'preact/compat'
import { colourOf } from '../lib/colour'

/** The colours that runs have in the charts of the page, for whoever marks runs beside them. */
let given: ReadonlyMap<string, string> = new Map()
const listeners = new Set<() => void>()

export function setRunColours(colours: ReadonlyMap<string, string>): void {
  given = colours
  for (const each of listeners) each()
}

/** The colour of a run: that of its line where charts show it. */
export function useRunColours(): (runId: string) => string {
  const colours = useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    () => given,
  )
  return (runId) => colours.get(runId) ?? colourOf(runId)
}
