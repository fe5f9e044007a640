/** Values of JSON and YAML as the lines of a tree. */

export interface ValueLine {
  /** where it is: names and numbers from the root on, as JSON */
  id: string
  level: number
  /** its name or number; null for the root */
  key: string | null
  /** null: nothing is below it */
  open: boolean | null
  value: unknown
  place: number
  siblings: number
}

function entriesOf(value: unknown): [string, unknown][] | null {
  if (Array.isArray(value)) return value.map((each, index) => [String(index), each])
  if (value instanceof Date) return null
  if (typeof value === 'object' && value !== null) return Object.entries(value)
  return null
}

/** How many are in a list or an object; null for all else. */
export function sizeOf(value: unknown): number | null {
  if (Array.isArray(value)) return value.length
  if (value instanceof Date) return null
  if (typeof value === 'object' && value !== null) return Object.keys(value).length
  return null
}

/** Whether a value is unfolded: what the reader did to it, or the first levels. */
export type Unfolded = (id: string, level: number) => boolean

/** All lines that are unfolded. */
export function linesOfValue(value: unknown, unfolded: Unfolded): ValueLine[] {
  const lines: ValueLine[] = []
  const add = (
    way: readonly string[],
    key: string | null,
    value: unknown,
    place: number,
    siblings: number,
  ) => {
    const id = JSON.stringify(way)
    const level = way.length + 1
    const inner = sizeOf(value) ? entriesOf(value) : null
    const open = inner ? unfolded(id, level) : null
    lines.push({ id, level, key, open, value, place, siblings })
    if (!open) return
    for (const [index, [name, each]] of inner!.entries()) {
      add([...way, name], name, each, index + 1, inner!.length)
    }
  }
  add([], null, value, 1, 1)
  return lines
}

const WORD = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g

/** Parse JSON, also as Python writes it: NaN and Infinity become texts. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const mended = text.replace(WORD, (word) => (word.startsWith('"') ? word : `"${word}"`))
    if (mended === text) throw error
    return JSON.parse(mended)
  }
}

/** A table as `log_table` and pandas' `orient="split"` write it. */
export interface SplitTable {
  columns: string[]
  data: unknown[][]
}

export function asTable(value: unknown): SplitTable | null {
  if (Array.isArray(value)) return ofRecords(value)
  const given = value as Partial<SplitTable> | null
  if (typeof given !== 'object' || !Array.isArray(given?.columns) || !Array.isArray(given.data)) {
    return null
  }
  if (!given.data.every(Array.isArray)) return null
  return { columns: given.columns.map(String), data: given.data }
}

/** A list of objects as a table; null when it holds anything else. */
export function ofRecords(list: readonly unknown[]): SplitTable | null {
  const places = new Map<string, number>()
  const data: unknown[][] = []
  for (const each of list) {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return null
    const row: unknown[] = []
    for (const [name, value] of Object.entries(each)) {
      if (!places.has(name)) places.set(name, places.size)
      row[places.get(name)!] = value
    }
    data.push(row)
  }
  return data.length > 0 ? { columns: [...places.keys()], data } : null
}

/** A value as it stands in a cell of a table. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? '' : value.toISOString().replace('.000Z', 'Z')
  }
  if (value instanceof Uint8Array) {
    const start = [...value.subarray(0, 24)].map((byte) => byte.toString(16).padStart(2, '0'))
    return `${start.join(' ')}${value.length > 24 ? ` … (${value.length} bytes)` : ''}`
  }
  if (typeof value === 'object') {
    return JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'bigint' ? String(each) : each,
    )
  }
  return String(value)
}
