import type { Cell } from '../api/runs'

/** A row as it came: a run, or a group of runs. A cell that was not asked for is undefined. */
export interface RowData {
  /** of the run, or the values of the group */
  id: string
  cells: Readonly<Record<string, Cell | undefined>>
}

export interface Page {
  rows: RowData[]
  /** null when it was not asked for */
  total: number | null
}

export interface PageQuestion {
  offset: number
  limit: number
  columns: readonly string[]
  count: boolean
}

export type Fetch = (question: PageQuestion, signal: AbortSignal) => Promise<Page>

/** Rows that are fetched together. */
export const BLOCK = 100
/** Blocks that a list keeps: whoever scrolls through all of a long one must not hold all of it. */
const MOST_BLOCKS = 100

interface Block {
  rows: RowData[]
  columns: ReadonlySet<string>
  /** which generation of the level it belongs to; an older one is shown until it is fetched again */
  age: number
}

/** One list of rows: of an experiment, of a group, or below a run. Blocks are fetched as wanted. */
export class Level {
  total: number | null = null
  error: unknown = null
  /** counts changes, for caches of what is derived */
  version = 0
  #age = 0
  #blocks = new Map<number, Block>()
  /** blocks that were refused, which asking again would not mend */
  #refused = new Set<number>()
  #asked = new Map<number, { columns: readonly string[]; age: number; stop: AbortController }>()
  #counting: AbortController | null = null
  #countRefused = false
  #listeners = new Set<() => void>()
  #places: { version: number; of: Map<string, number> } | null = null

  constructor(
    readonly key: string,
    readonly fetch: Fetch,
    /** the total is asked for on its own, so that the first rows need not wait for it */
    readonly apart: boolean,
    readonly kind: 'runs' | 'groups' = 'runs',
    /** lists of the same scope have the same rows in another order */
    readonly scope = key,
  ) {}

  subscribe(changed: () => void): () => void {
    this.#listeners.add(changed)
    return () => this.#listeners.delete(changed)
  }

  /** Rows that exist as far as is known. */
  get length(): number {
    if (this.total !== null) return this.total
    let end = 0
    for (const [number, block] of this.#blocks) {
      end = Math.max(end, number * BLOCK + block.rows.length)
    }
    return end
  }

  get isReady(): boolean {
    return this.#blocks.size > 0 || this.error !== null
  }

  /** What is shown is being asked for again, or more of it. */
  get isBusy(): boolean {
    return this.#asked.size > 0
  }

  row(index: number): RowData | null {
    return this.#blocks.get(Math.floor(index / BLOCK))?.rows[index % BLOCK] ?? null
  }

  /** Where a row is, among those that were fetched. */
  indexOf(id: string): number | null {
    if (this.#places?.version !== this.version) {
      const of = new Map<string, number>()
      for (const [number, block] of this.#blocks) {
        for (const [at, row] of block.rows.entries()) of.set(row.id, number * BLOCK + at)
      }
      this.#places = { version: this.version, of }
    }
    return this.#places.of.get(id) ?? null
  }

  /** All rows that were fetched. */
  *rows(): Generator<RowData> {
    for (const block of this.#blocks.values()) yield* block.rows
  }

  /** Fetch what is lacking of some rows, the last one included, and stop what nobody waits for. */
  want(first: number, last: number, columns: readonly string[]): void {
    const end = this.total === null ? last : Math.min(last, this.total - 1)
    const from = Math.floor(Math.max(0, first) / BLOCK)
    const to = Math.max(from, Math.floor(end / BLOCK))
    for (const [number, asked] of this.#asked) {
      if (number < from || number > to) {
        asked.stop.abort()
        this.#asked.delete(number)
      }
    }
    // rows first: on a busy server the count would make them wait
    const uncounted = this.apart && this.total === null && !this.#countRefused
    if (uncounted && this.isReady && !this.#counting) void this.#count()
    for (let number = from; number <= to; number++) {
      if (this.total !== null && number > 0 && number * BLOCK >= this.total) break
      this.#wantBlock(number, columns)
    }
  }

  /** Let go of what is farthest from some rows, if there is much. */
  forget(first: number, last: number): void {
    const many = this.#blocks.size - MOST_BLOCKS
    if (many <= 0 || this.total === null) return
    const middle = (first + last) / 2 / BLOCK
    const far = (number: number) => Math.abs(number - middle)
    const farthest = [...this.#blocks.keys()].sort((one, other) => far(other) - far(one))
    for (const number of farthest.slice(0, many)) this.#blocks.delete(number)
    this.#places = null
  }

  #wantBlock(number: number, columns: readonly string[]): void {
    if (this.#refused.has(number)) return
    const has = this.#blocks.get(number)
    const fresh = has?.age === this.#age
    const lacking = fresh ? columns.filter((name) => !has.columns.has(name)) : columns
    if (fresh && lacking.length === 0) return
    const asked = this.#asked.get(number)
    if (asked?.age === this.#age && lacking.every((name) => asked.columns.includes(name))) return
    asked?.stop.abort()
    const stop = new AbortController()
    this.#asked.set(number, { columns: lacking, age: this.#age, stop })
    void this.#fetchBlock(number, lacking, stop)
  }

  async #fetchBlock(number: number, columns: readonly string[], stop: AbortController) {
    const age = this.#age
    const count = !this.apart
    try {
      const page = await this.fetch(
        { offset: number * BLOCK, limit: BLOCK, columns, count },
        stop.signal,
      )
      if (stop.signal.aborted) return
      this.error = null
      if (page.total !== null) this.total = page.total
      this.#keep(number, page.rows, columns, age)
    } catch (error) {
      if (stop.signal.aborted) return
      this.error = error
      this.#refused.add(number)
    }
    if (this.#asked.get(number)?.stop === stop) this.#asked.delete(number)
    this.#changed()
  }

  #keep(number: number, rows: RowData[], columns: readonly string[], age: number): void {
    const before = this.#blocks.get(number)
    const same =
      before?.age === age &&
      before.rows.length === rows.length &&
      before.rows.every((row, at) => row.id === rows[at]!.id)
    if (same) {
      // further columns of rows that are shown already
      rows = rows.map((row, at) => ({
        id: row.id,
        cells: { ...before.rows[at]!.cells, ...row.cells },
      }))
      columns = [...before.columns, ...columns]
    }
    this.#blocks.set(number, { rows: rows.map(unchanged(before)), columns: new Set(columns), age })
    if (rows.length < BLOCK && this.total === null && (rows.length > 0 || number === 0)) {
      this.total = number * BLOCK + rows.length
    }
  }

  async #count() {
    const stop = new AbortController()
    this.#counting = stop
    try {
      const page = await this.fetch({ offset: 0, limit: 1, columns: [], count: true }, stop.signal)
      if (!stop.signal.aborted) this.total = page.total
    } catch (error) {
      if (stop.signal.aborted) return
      this.error = error
      this.#countRefused = true
    }
    if (this.#counting === stop) this.#counting = null
    this.#changed()
  }

  /** Ask how many rows there would be now, and change nothing. */
  async freshTotal(): Promise<number> {
    const question = { offset: 0, limit: 1, columns: [], count: true }
    return (await this.fetch(question, new AbortController().signal)).total ?? 0
  }

  /** All that was fetched is old: it is shown until `want` has fetched it again. */
  expire(): void {
    this.#age++
    this.error = null
    this.#refused.clear()
    this.#countRefused = false
    if (this.apart) void this.#count()
  }

  /** Put new cells into rows that are shown, where they are. */
  patch(rows: readonly RowData[]): void {
    let any = false
    for (const row of rows) {
      const index = this.indexOf(row.id)
      const block = index === null ? undefined : this.#blocks.get(Math.floor(index / BLOCK))
      if (index === null || !block) continue
      const before = block.rows[index % BLOCK]!
      block.rows[index % BLOCK] = { id: row.id, cells: { ...before.cells, ...row.cells } }
      any = true
    }
    if (any) this.#changed()
  }

  /** Nobody shows it any more. */
  stop(): void {
    for (const { stop } of this.#asked.values()) stop.abort()
    this.#asked.clear()
    this.#counting?.abort()
    this.#counting = null
  }

  #changed(): void {
    this.version++
    for (const each of this.#listeners) each()
  }
}

/** Keep the object of a row that came again as it was, so that nothing is drawn for it. */
function unchanged(before: Block | undefined): (row: RowData, at: number) => RowData {
  return (row, at) => {
    const old = before?.rows[at]
    return old?.id === row.id && JSON.stringify(old.cells) === JSON.stringify(row.cells) ? old : row
  }
}
