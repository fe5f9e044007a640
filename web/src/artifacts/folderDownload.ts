import { queryClient } from '../api/query'
import { errorOf } from '../api/errors'
import { bytes } from '../lib/format'
import { crc32, MOST_BYTES, MOST_FILES, zip, type Packed } from '../lib/zip'
import { contentAddress, nameOf } from './files'
import { listing } from './useFolders'

const AT_ONCE = 4

export interface Progress {
  files: number
  bytes: number
  /** null until all is listed */
  total: number | null
}

/** All files below a folder. */
async function filesBelow(runId: string, folder: string, signal: AbortSignal) {
  const found: { path: string; size: number }[] = []
  const left = [folder]
  while (left.length > 0) {
    signal.throwIfAborted()
    const answer = await queryClient.fetchQuery(listing(runId, left.pop()!))
    for (const file of answer.files ?? []) {
      if (file.is_dir) left.push(file.path)
      else found.push({ path: file.path, size: file.file_size ?? 0 })
    }
    if (found.length > MOST_FILES) throw tooMuch(`more than ${MOST_FILES} files`, runId, folder)
  }
  return found
}

function tooMuch(what: string, runId: string, folder: string): Error {
  const path = folder && ` -a ${JSON.stringify(folder)}`
  return new Error(
    `The folder has ${what}, which is too much for a browser. Fetch it with: ` +
      `mlflow artifacts download -r ${runId}${path} -d .`,
  )
}

/**
 * Fetch a folder as one zip file.
 *
 * The browser keeps what was fetched in files of its own where it is large; the page holds none of it.
 */
export async function folderAsZip(
  runId: string,
  folder: string,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<Blob> {
  const files = await filesBelow(runId, folder, signal)
  const total = files.reduce((sum, file) => sum + file.size, 0)
  if (total > MOST_BYTES * 0.98) throw tooMuch(bytes(total), runId, folder)
  const progress: Progress = { files: 0, bytes: 0, total }
  const below = folder ? folder.length - nameOf(folder).length : 0
  const packed: Packed[] = []
  let next = 0
  const fetchSome = async () => {
    while (next < files.length) {
      const index = next++
      const { path } = files[index]!
      const answer = await fetch(contentAddress({ runId, path }), { signal })
      if (!answer.ok) throw await errorOf(answer)
      let crc = 0
      const counted = answer.body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(piece, sink) {
            crc = crc32(piece, crc)
            progress.bytes += piece.length
            onProgress({ ...progress })
            sink.enqueue(piece)
          },
        }),
      )
      const content = await new Response(counted ?? null).blob()
      packed[index] = { path: path.slice(below), content, crc }
      progress.files++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, fetchSome))
  return zip(packed)
}
