/** Experiments whose names have slashes, as folders that fold. */

export interface Item {
  id: string
  name: string
  created: number
  deleted: boolean
  description: string
  /** those of users; what programs keep for themselves is left out */
  tags: readonly { key: string; value: string }[]
}

/** What has happened in an experiment, or in all of a folder. */
export interface Figures {
  runs: number
  running: number
  /** milliseconds since the epoch; null before the first run */
  last: number | null
}

export const SORTS = ['name', 'activity', 'created', 'runs'] as const
export type Sort = (typeof SORTS)[number]

export interface Order {
  by: Sort
  descending: boolean
}

interface Common {
  key: string
  label: string
  depth: number
  created: number
  /** null while it is not known */
  figures: Figures | null
}

export interface FolderRow extends Common {
  kind: 'folder'
  path: string
  open: boolean
  experiments: number
}

export interface ExperimentRow extends Common {
  kind: 'experiment'
  item: Item
}

export type Row = FolderRow | ExperimentRow

interface Folder {
  path: string
  label: string
  folders: Map<string, Folder>
  items: { label: string; item: Item }[]
}

/** The parts of a name: `a/b` has two; a slash in front belongs to the first. */
export function parts(name: string): string[] {
  const found = name.match(/\/*[^/]+(?:\/+$)?/g) ?? [name]
  return found.map((part, index) => (index === 0 ? part : part.slice(1)))
}

/**
 * Which folders are open, as the address says it: names of open ones, or `*` for all and then the
 * names of closed ones.
 */
export function isOpen(opened: readonly string[], path: string): boolean {
  return opened.includes(path) !== (opened[0] === '*')
}

/** The same with one folder the other way round. */
export function toggled(opened: readonly string[], path: string): string[] {
  return opened.includes(path) ? opened.filter((each) => each !== path) : [...opened, path]
}

/** The rows to show, with folders where two or more experiments share the front of their names. */
export function treeRows(
  items: readonly Item[],
  figures: ReadonlyMap<string, Figures>,
  order: Order,
  opened: readonly string[],
): Row[] {
  const root: Folder = { path: '', label: '', folders: new Map(), items: [] }
  for (const item of items) place(root, item)
  const rows: Row[] = []
  const add = (folder: Folder, depth: number) => {
    for (const [row, inside] of sorted(children(folder, figures, opened, depth), order)) {
      rows.push(row)
      if (inside && row.kind === 'folder' && row.open) add(inside, depth + 1)
    }
  }
  add(root, 0)
  return rows
}

/** The rows of a search: no folders, whole names. */
export function flatRows(
  items: readonly Item[],
  figures: ReadonlyMap<string, Figures>,
  order: Order,
): Row[] {
  const rows = items.map((item): Pair => [experimentRow(item, item.name, 0, figures), null])
  return sorted(rows, order).map(([row]) => row)
}

type Pair = [row: Row, inside: Folder | null]

function place(root: Folder, item: Item): void {
  const names = parts(item.name)
  let folder = root
  for (const name of names.slice(0, -1)) {
    let next = folder.folders.get(name)
    if (!next) {
      const path = folder === root ? name : `${folder.path}/${name}`
      next = { path, label: name, folders: new Map(), items: [] }
      folder.folders.set(name, next)
    }
    folder = next
  }
  folder.items.push({ label: names.at(-1)!, item })
}

function children(
  folder: Folder,
  figures: ReadonlyMap<string, Figures>,
  opened: readonly string[],
  depth: number,
): Pair[] {
  const pairs: Pair[] = folder.items.map(({ label, item }) => [
    experimentRow(item, label, depth, figures),
    null,
  ])
  for (const each of folder.folders.values()) {
    const inside = shortened(each)
    const all = itemsBelow(inside)
    if (all.length === 1) {
      // a folder of one would only be a click more
      const [only] = all as [Item]
      const label = folder.path ? only.name.slice(folder.path.length + 1) : only.name
      pairs.push([experimentRow(only, label, depth, figures), null])
    } else pairs.push([folderRow(inside, all, depth, figures, opened), inside])
  }
  return pairs
}

/** Folders that hold nothing but a folder are shown as one. */
function shortened(folder: Folder): Folder {
  let short = folder
  while (short.items.length === 0 && short.folders.size === 1) {
    const [only] = [...short.folders.values()] as [Folder]
    short = { ...only, label: `${short.label}/${only.label}` }
  }
  return short
}

function itemsBelow(folder: Folder): Item[] {
  const items = folder.items.map((each) => each.item)
  for (const each of folder.folders.values()) items.push(...itemsBelow(each))
  return items
}

function experimentRow(
  item: Item,
  label: string,
  depth: number,
  figures: ReadonlyMap<string, Figures>,
): ExperimentRow {
  return {
    kind: 'experiment',
    key: `e ${item.id}`,
    label,
    depth,
    item,
    created: item.created,
    figures: figures.get(item.id) ?? null,
  }
}

function folderRow(
  folder: Folder,
  items: readonly Item[],
  depth: number,
  figures: ReadonlyMap<string, Figures>,
  opened: readonly string[],
): FolderRow {
  let created = 0
  let all: Figures | null = { runs: 0, running: 0, last: null }
  for (const item of items) {
    created = Math.max(created, item.created)
    const one = figures.get(item.id)
    all = one && all ? sum(all, one) : null
  }
  return {
    kind: 'folder',
    key: `f ${folder.path}`,
    label: folder.label,
    depth,
    path: folder.path,
    open: isOpen(opened, folder.path),
    experiments: items.length,
    created,
    figures: all,
  }
}

function sum(a: Figures, b: Figures): Figures {
  return {
    runs: a.runs + b.runs,
    running: a.running + b.running,
    last: a.last === null ? b.last : Math.max(a.last, b.last ?? 0),
  }
}

const COLLATOR = new Intl.Collator('en', { numeric: true })

function sorted(pairs: Pair[], { by, descending }: Order): Pair[] {
  const sign = descending ? -1 : 1
  const number = (row: Row): number =>
    by === 'created'
      ? row.created
      : by === 'runs'
        ? (row.figures?.runs ?? 0)
        : (row.figures?.last ?? 0)
  return pairs.sort(([a], [b]) => {
    const names = COLLATOR.compare(a.label, b.label)
    return by === 'name' ? sign * names : sign * (number(a) - number(b)) || names
  })
}
