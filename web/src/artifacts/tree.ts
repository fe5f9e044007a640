import type { FileMessage } from '../api/schema'
import { foldersAbove, nameOf } from './files'

/** What is in a folder, as far as it is known. */
export type Listed =
  | { state: 'waiting' }
  | { state: 'failed'; error: unknown }
  | { state: 'here'; files: readonly FileMessage[] }

/** Folders that were listed, by their path; the root is ''. */
export type Folders = ReadonlyMap<string, Listed>

export interface Entry {
  path: string
  name: string
  level: number
  isFolder: boolean
  open: boolean
  /** bytes; of a folder the sum, if all that is in it is known */
  size: number | null
  place: number
  siblings: number
  /** of a folder that is unfolded and not (yet) listed */
  note: 'waiting' | 'failed' | 'empty' | null
}

/** The sum of what is in a folder; null when some of it was not listed. */
export function sizeOfFolder(folders: Folders, folder: string): number | null {
  const listed = folders.get(folder)
  if (listed?.state !== 'here') return null
  let sum = 0
  for (const file of listed.files) {
    const size = file.is_dir ? sizeOfFolder(folders, file.path) : (file.file_size ?? null)
    if (size === null) return null
    sum += size
  }
  return sum
}

/** comparing more names as people do would be felt; they stay in the order of the server */
const MOST_COMPARED = 10_000
const COLLATOR = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/** Folders first, then by name, with numbers in their order: `part-2` before `part-10`. */
export function sorted(files: readonly FileMessage[]): FileMessage[] {
  const inOrder =
    files.length > MOST_COMPARED
      ? files
      : [...files].sort((a, b) => COLLATOR.compare(a.path, b.path))
  return [...inOrder.filter((file) => file.is_dir), ...inOrder.filter((file) => !file.is_dir)]
}

/** The lines of the tree: the root's entries, and those of folders that are unfolded; sizes of `all`. */
export function entriesOf(
  folders: Folders,
  unfolded: ReadonlySet<string>,
  all: Folders = folders,
): Entry[] {
  const entries: Entry[] = []
  const add = (folder: string, level: number) => {
    const listed = folders.get(folder)
    if (listed?.state !== 'here') return
    const files = listed.files
    for (const [index, file] of files.entries()) {
      const open = file.is_dir && unfolded.has(file.path)
      const inner = open ? folders.get(file.path) : undefined
      entries.push({
        path: file.path,
        name: nameOf(file.path),
        level,
        isFolder: file.is_dir,
        open,
        size: file.is_dir ? sizeOfFolder(all, file.path) : (file.file_size ?? null),
        place: index + 1,
        siblings: files.length,
        note: open ? noteOf(inner) : null,
      })
      if (open) add(file.path, level + 1)
    }
  }
  add('', 1)
  return entries
}

function noteOf(listed: Listed | undefined): Entry['note'] {
  if (!listed || listed.state === 'waiting') return 'waiting'
  if (listed.state === 'failed') return 'failed'
  return listed.files.length === 0 ? 'empty' : null
}

/** What was listed and has the words in its path, with the folders on the way to it. */
export function entriesFound(folders: Folders, words: string): Entry[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  const shown = new Set<string>()
  for (const listed of folders.values()) {
    if (listed.state !== 'here') continue
    for (const { path } of listed.files) {
      const text = path.toLowerCase()
      if (!wanted.every((word) => text.includes(word))) continue
      shown.add(path)
      for (const folder of foldersAbove(path)) shown.add(folder)
    }
  }
  const found = new Map<string, Listed>()
  for (const [folder, listed] of folders) {
    if (listed.state !== 'here') continue
    found.set(folder, {
      state: 'here',
      files: listed.files.filter((file) => shown.has(file.path)),
    })
  }
  const unfolded = new Set([...shown].filter((path) => found.has(path)))
  return entriesOf(found, unfolded, folders).map((entry) => ({ ...entry, note: null }))
}

/** The entry at a path, if the folder that it is in was listed. */
export function fileAt(folders: Folders, path: string): FileMessage | null {
  const folder = foldersAbove(path).at(-1) ?? ''
  const listed = folders.get(folder)
  if (listed?.state !== 'here') return null
  return listed.files.find((file) => file.path === path) ?? null
}
