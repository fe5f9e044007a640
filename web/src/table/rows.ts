import { ApiError } from '../api/errors'
import type { Level, RowData } from './level'
import { indexIn, lengthOf, needs, placeAt, type Branch, type Place } from './plan'
import { fetchRows, levelBelow, topLevel, type TableQuestion } from './sources'

/** Rows that are fetched before they are seen. */
const AHEAD = 60
/** A scrollbar that is dragged rushes past rows that need not be fetched. */
const REST = 150
const RETRY = 3_000
const PAGE = 1_000

/** All rows of a table: what is shown, what is on its way, and what must be fetched. */
export class Rows {
  version = 0
  /** counts answers to new questions, which are shown from their first row on */
  answers = 0
  /** runs that have come since, and are not in the table yet */
  arrived = 0
  #question: TableQuestion | null = null
  #columns: readonly string[] = []
  #unfolded: readonly string[] = []
  #shown: Level | null = null
  #next: Level | null = null
  #window: readonly [number, number] = [0, 40]
  #heard = new Map<Level, () => void>()
  #listeners = new Set<() => void>()
  #branch: Branch | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  #looked = 0

  subscribe = (changed: () => void): (() => void) => {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** Show something else, or more of it; what is shown stays until the first new rows are there. */
  ask(question: TableQuestion, columns: readonly string[], unfolded: readonly string[]): void {
    const same = JSON.stringify(question) === JSON.stringify(this.#question)
    this.#columns = columns
    this.#unfolded = unfolded
    this.#branch = null
    if (!same) {
      this.#question = question
      // nobody waits any more for what was asked in between
      if (this.#next) this.#drop(this.#next)
      this.#next = topLevel(question)
      if (this.#next === this.#shown) this.#next = null
      if (this.#next && this.#next.scope === this.#shown?.scope) {
        this.#next.total ??= this.#shown.total
      }
      // what was fetched long ago is shown, and fetched again
      if (this.#next?.isReady) this.#next.expire()
      this.#listen(this.#next)
      this.#settle()
    }
    this.#want()
    this.#changed()
  }

  /** The rows that can be seen. */
  look(first: number, last: number): void {
    if (first === this.#window[0] && last === this.#window[1]) return
    const moved = Math.abs(first - this.#window[0])
    this.#window = [first, last]
    const now = performance.now()
    const rushing = now - this.#looked < REST && moved * 2 > last - first
    this.#looked = now
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (rushing) this.#timer = setTimeout(() => this.#want(), REST / 2)
    else this.#want()
  }

  get branch(): Branch | null {
    if (!this.#branch && this.#shown) this.#branch = this.#grow(this.#shown, 0)
    return this.#branch
  }

  get length(): number {
    return this.branch ? lengthOf(this.branch) : 0
  }

  /** Rows at the top, without what is unfolded; null while it is not known. */
  get total(): number | null {
    return this.#shown?.total ?? null
  }

  get kind(): 'runs' | 'groups' {
    return this.#shown?.kind ?? 'runs'
  }

  at(index: number): Place | null {
    return this.branch && placeAt(this.branch, index)
  }

  indexOf(id: string): number | null {
    return this.branch && indexIn(this.branch, id)
  }

  /** Nothing of what was asked for has come yet. */
  get isFirst(): boolean {
    return this.#shown === null
  }

  /** What is shown answers an older question. */
  get isOld(): boolean {
    return this.#next !== null
  }

  get error(): unknown {
    return (this.#next ?? this.#shown)?.error ?? null
  }

  /** Fetch again all that is shown. */
  refresh(): void {
    this.arrived = 0
    for (const level of this.#heard.keys()) level.expire()
    this.#want()
    this.#changed()
  }

  /** Some runs have changed: show it where they stand; say when there are more of them. */
  async touched(ids: readonly string[], atTop: boolean): Promise<void> {
    const question = this.#question
    const top = this.#shown
    if (!question || !top || this.#next) return
    if (top.kind === 'groups') return
    const levels = [...this.#heard.keys()].filter((level) => level.kind === 'runs')
    const known = ids.filter((id) => levels.some((level) => level.indexOf(id) !== null))
    if (known.length > 0) {
      const rows = await fetchRows(question.experimentIds, known.slice(0, PAGE), this.#columns)
      for (const level of levels) level.patch(rows)
    }
    const more = (await top.freshTotal()) - (top.total ?? 0)
    if (top !== this.#shown) return
    if (more < 0 || (more > 0 && atTop)) this.refresh()
    else if (more !== this.arrived) {
      this.arrived = more
      this.#changed()
    }
  }

  /** The ids of the runs from one place to another; what is not there yet is fetched. */
  async idsBetween(first: number, last: number): Promise<string[]> {
    if (!this.branch) return []
    const found: string[] = []
    for (const [level, [from, to]] of needs(this.branch, first, last)) {
      if (level.kind !== 'runs') continue
      for (let offset = from; offset <= to; offset += PAGE) {
        const limit = Math.min(PAGE, to - offset + 1)
        const rows = Array.from({ length: limit }, (_, at) => level.row(offset + at))
        const there = rows.filter((row): row is RowData => row !== null)
        const page =
          there.length === limit
            ? there
            : (await level.fetch({ offset, limit, columns: [], count: false }, NEVER)).rows
        for (const row of page) found.push(row.id)
      }
    }
    return found
  }

  /** Nobody looks any more. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const level of this.#heard.keys()) this.#drop(level)
    this.#shown = this.#next = this.#question = this.#branch = null
  }

  #grow(level: Level, depth: number): Branch {
    const open: { at: number; branch: Branch }[] = []
    if (depth < 20 && this.#question && (level.kind === 'groups' || this.#question.tree)) {
      for (const id of this.#unfolded) {
        const at = level.indexOf(id)
        if (at === null) continue
        const below = levelBelow(this.#question, level, id)
        this.#listen(below)
        if (!below.isReady) below.want(0, AHEAD, this.#columns)
        open.push({ at, branch: this.#grow(below, depth + 1) })
      }
    }
    return { level, depth, open: open.sort((a, b) => a.at - b.at) }
  }

  #want(): void {
    const [first, last] = this.#window
    // of an answer first what can be seen: more at once would only make it late
    if (this.#next) this.#next.want(0, last - first, this.#columns)
    else if (this.branch) {
      for (const [level, [from, to]] of needs(this.branch, first, last)) {
        level.want(from - AHEAD, to + AHEAD, this.#columns)
        // where a row is unfolded must stay known
        if (this.#unfolded.length === 0) level.forget(from, to)
      }
      // nothing is known of an empty list
      if (this.#shown?.length === 0) this.#shown.want(0, AHEAD, this.#columns)
    }
  }

  #settle(): void {
    if (!this.#next?.isReady) return
    if (this.#next.error && this.#shown) return // the old rows stay beside the message
    for (const level of this.#heard.keys()) if (level !== this.#next) this.#drop(level)
    if (this.#shown) this.answers++
    this.#shown = this.#next
    this.#next = null
    this.arrived = 0
    this.#branch = null
  }

  #drop(level: Level): void {
    this.#heard.get(level)?.()
    this.#heard.delete(level)
    level.stop()
  }

  #listen(level: Level | null): void {
    if (!level || this.#heard.has(level)) return
    this.#heard.set(
      level,
      level.subscribe(() => {
        this.#branch = null
        if (level === this.#next) this.#settle()
        if (level.error instanceof ApiError && level.error.isAway) {
          setTimeout(() => this.#heard.has(level) && this.refresh(), RETRY)
        }
        this.#want()
        this.#changed()
      }),
    )
  }

  #changed(): void {
    this.version++
    for (const each of this.#listeners) each()
  }
}

const NEVER = new AbortController().signal
