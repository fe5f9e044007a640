/** Which runs are ticked: some by their ids, or all that match but some. */

/** Stands for all runs that match; ids behind it are then the ones that are left out. */
export const ALL = '*'

export type Selection = readonly string[]

export function isAll(selection: Selection): boolean {
  return selection[0] === ALL
}

export function isSelected(selection: ReadonlySet<string>, id: string): boolean {
  return selection.has(ALL) !== selection.has(id)
}

/** How many are ticked, of so many that match. */
export function selectedCount(selection: Selection, total: number): number {
  return isAll(selection) ? Math.max(0, total - selection.length + 1) : selection.length
}

/** Tick some runs, or take their ticks away. */
export function select(selection: Selection, ids: readonly string[], ticked: boolean): string[] {
  const named = new Set(selection)
  for (const id of ids) {
    if (ticked !== isAll(selection)) named.add(id)
    else named.delete(id)
  }
  return [...named]
}
