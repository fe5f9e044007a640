import { diffArrays } from 'diff'

/** A piece of two texts: the same lines in both, or lines of one that stand for those of the other. */
export interface Piece {
  same: boolean
  left: readonly string[]
  right: readonly string[]
}

/** A row of a comparison: line numbers from 1, null where a side has nothing. */
export interface Row {
  kind: 'same' | 'changed' | 'removed' | 'added'
  left: string | null
  right: string | null
  leftNumber: number | null
  rightNumber: number | null
}

/** Equal rows that are folded away. */
export interface Fold {
  kind: 'fold'
  /** the first row that is folded: by this a fold is known */
  start: number
  count: number
}

/** Texts that differ in more than this many lines are not aligned: it would take too long. */
const MOST_EDITS = 2000
const LONGEST = 1000 // milliseconds

export function splitLines(text: string): string[] {
  if (text === '') return []
  const lines = text.replace(/\r\n/g, '\n').split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/**
 * Compare two texts line by line without holding the page up.
 *
 * Texts that differ too much to be aligned in reasonable time give one large change between what
 * they begin and end with in common.
 */
export async function compareLines(left: string, right: string): Promise<Piece[]> {
  const a = splitLines(left)
  const b = splitLines(right)
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end++
  }
  const middle = await align(a.slice(start, a.length - end), b.slice(start, b.length - end))
  const same = (lines: string[]): Piece[] =>
    lines.length ? [{ same: true, left: lines, right: lines }] : []
  return [...same(a.slice(0, start)), ...middle, ...same(end ? a.slice(-end) : [])]
}

async function align(a: string[], b: string[]): Promise<Piece[]> {
  if (a.length === 0 && b.length === 0) return []
  if (a.length === 0 || b.length === 0) return [{ same: false, left: a, right: b }]
  const changes = await new Promise<ReturnType<typeof diffArrays<string>> | undefined>((resolve) =>
    diffArrays(a, b, { callback: resolve, timeout: LONGEST, maxEditLength: MOST_EDITS }),
  )
  if (!changes) return [{ same: false, left: a, right: b }]
  const pieces: Piece[] = []
  for (const { value, added, removed } of changes) {
    const last = pieces.at(-1)
    if (!added && !removed) pieces.push({ same: true, left: value, right: value })
    else if (last && !last.same) {
      if (removed) last.left = [...last.left, ...value]
      else last.right = [...last.right, ...value]
    } else {
      pieces.push({ same: false, left: removed ? value : [], right: added ? value : [] })
    }
  }
  return pieces
}

/** The rows of a comparison side by side; unified, what was removed comes before what was added. */
export function rowsOf(pieces: readonly Piece[], unified: boolean): Row[] {
  const rows: Row[] = []
  let at = 1
  let bt = 1
  const remove = (left: string) =>
    rows.push({ kind: 'removed', left, right: null, leftNumber: at++, rightNumber: null })
  const add = (right: string) =>
    rows.push({ kind: 'added', left: null, right, leftNumber: null, rightNumber: bt++ })
  for (const { same, left, right } of pieces) {
    if (same) {
      for (const line of left) {
        rows.push({ kind: 'same', left: line, right: line, leftNumber: at++, rightNumber: bt++ })
      }
    } else if (unified) {
      for (const line of left) remove(line)
      for (const line of right) add(line)
    } else {
      const pairs = Math.min(left.length, right.length)
      for (let index = 0; index < pairs; index++) {
        rows.push({
          kind: 'changed',
          left: left[index]!,
          right: right[index]!,
          leftNumber: at++,
          rightNumber: bt++,
        })
      }
      for (const line of left.slice(pairs)) remove(line)
      for (const line of right.slice(pairs)) add(line)
    }
  }
  return rows
}

/** Fold equal rows away, but for some around each change; those in `open` stay. */
export function folded(
  rows: readonly Row[],
  open: ReadonlySet<number>,
  around = 3,
): (Row | Fold)[] {
  const result: (Row | Fold)[] = []
  let start = 0
  while (start < rows.length) {
    let end = start
    while (end < rows.length && rows[end]!.kind === 'same') end++
    const from = start === 0 ? 0 : start + around
    const to = end === rows.length ? end : end - around
    // a fold of one row would take as much room as the row
    if (to - from > 1 && !open.has(from)) {
      result.push(...rows.slice(start, from), { kind: 'fold', start: from, count: to - from })
      result.push(...rows.slice(to, end))
    } else result.push(...rows.slice(start, end))
    start = end
    while (start < rows.length && rows[start]!.kind !== 'same') result.push(rows[start++]!)
  }
  return result
}

/** How many lines are only on one side. */
export function counts(pieces: readonly Piece[]): { removed: number; added: number } {
  let removed = 0
  let added = 0
  for (const { same, left, right } of pieces) {
    if (same) continue
    removed += left.length
    added += right.length
  }
  return { removed, added }
}
