import type { IconNode } from 'lucide'
import { useEffect } from 'preact/hooks'

/** Something that the command palette can do. */
export interface Command {
  label: string
  /** what kind of thing it is: "Action", "Experiment", … */
  group: string
  icon?: IconNode
  run: () => void
}

const offered = new Map<symbol, readonly Command[]>()

/** All that can be done where the reader is. */
export function commands(): Command[] {
  return [...offered.values()].flat()
}

/** Offer commands while the component is shown. */
export function useCommands(list: readonly Command[]): void {
  useEffect(() => {
    const key = Symbol('commands')
    offered.set(key, list)
    return () => {
      offered.delete(key)
    }
  }, [list])
}
