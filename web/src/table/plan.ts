import type { Level, RowData } from './level'

/** A list of rows with lists unfolded below some of them. */
export interface Branch {
  level: Level
  depth: number
  /** below which row, in the order of the rows */
  open: readonly { at: number; branch: Branch }[]
}

/** What is at one place of the table. */
export interface Place {
  level: Level
  depth: number
  /** the row's number in its own list */
  index: number
  /** null while it is on its way */
  row: RowData | null
}

/** How many rows are shown, unfolded ones included. */
export function lengthOf(branch: Branch): number {
  let length = branch.level.length
  for (const { branch: below } of branch.open) length += lengthOf(below)
  return length
}

/** What is at a place of the table; null behind its end. */
export function placeAt(branch: Branch, index: number): Place | null {
  let before = 0 // rows of lists that are unfolded above
  for (const { at, branch: below } of branch.open) {
    const start = at + 1 + before
    if (index < start) break
    const length = lengthOf(below)
    if (index < start + length) return placeAt(below, index - start)
    before += length
  }
  const own = index - before
  if (own < 0 || own >= branch.level.length) return null
  return { level: branch.level, depth: branch.depth, index: own, row: branch.level.row(own) }
}

/** The lists that a part of the table needs, with the first and last row of each. */
export function needs(branch: Branch, first: number, last: number): Map<Level, [number, number]> {
  const found = new Map<Level, [number, number]>()
  for (let index = first; index <= last; index++) {
    const place = placeAt(branch, index)
    if (!place) break
    const range = found.get(place.level)
    if (range) range[1] = Math.max(range[1], place.index)
    else found.set(place.level, [place.index, place.index])
  }
  return found
}

/** Where a row is shown; null if it was not fetched yet. */
export function indexIn(branch: Branch, id: string): number | null {
  let before = 0
  const own = branch.level.indexOf(id)
  for (const { at, branch: below } of branch.open) {
    if (own !== null && at >= own) break
    if (own === null) {
      const inside = indexIn(below, id)
      if (inside !== null) return at + 1 + before + inside
    }
    before += lengthOf(below)
  }
  return own === null ? null : own + before
}
