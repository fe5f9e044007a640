import type { Chosen } from './upload'

/** All files that were dropped, also those in folders, with their paths from there. */
export async function droppedFiles(transfer: DataTransfer): Promise<Chosen[]> {
  // the entries must be taken at once: the transfer is empty after the event
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry() ?? [])
  if (entries.length === 0) return chosenFiles(transfer.files)
  const found: Chosen[] = []
  const walk = async (entry: FileSystemEntry, folder: string): Promise<void> => {
    const path = `${folder}${entry.name}`
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject),
      )
      found.push({ path, file })
      return
    }
    for (const inner of await entriesIn(entry as FileSystemDirectoryEntry)) {
      await walk(inner, `${path}/`)
    }
  }
  for (const entry of entries) await walk(entry, '')
  return found
}

async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader()
  const all: FileSystemEntry[] = []
  // it gives some at a time, and nothing at the end
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) return all
    all.push(...some)
  }
}

/** Files of an input; those of a folder have their paths in it. */
export function chosenFiles(files: FileList): Chosen[] {
  return [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }))
}
