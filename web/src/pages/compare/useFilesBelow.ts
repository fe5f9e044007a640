import { useQuery } from '@tanstack/react-query'
import { queryClient } from '../../api/query'
import { listing } from '../../artifacts/useFolders'

/** a run with more is listed as far as this: comparing is about a few files */
const MOST_FOLDERS = 60
const MOST_FILES = 5000

interface Found {
  files: ReadonlyMap<string, number | null>
  /** whether something was not listed */
  more: boolean
}

const NOTHING: Found = { files: new Map(), more: false }

/** The files of a run with their sizes, folder by folder, the outer ones first. */
async function list(runId: string, signal: AbortSignal): Promise<Found> {
  const files = new Map<string, number | null>()
  let folders = ['']
  let listed = 0
  while (folders.length > 0 && listed < MOST_FOLDERS && files.size < MOST_FILES) {
    signal.throwIfAborted()
    const some = folders.slice(0, MOST_FOLDERS - listed)
    const left = folders.slice(some.length)
    const answers = await Promise.all(
      some.map((folder) => queryClient.fetchQuery(listing(runId, folder))),
    )
    listed += some.length
    folders = left
    for (const { files: found = [] } of answers) {
      for (const { path, is_dir: isFolder, file_size: size } of found) {
        if (isFolder) folders.push(path)
        else if (files.size < MOST_FILES) files.set(path, size ?? null)
      }
    }
  }
  return { files, more: folders.length > 0 || files.size >= MOST_FILES }
}

export function useFilesBelow(runId: string): Found & { busy: boolean; error: Error | null } {
  const { data, isLoading, error } = useQuery({
    queryKey: ['artifacts/list', runId, 'all files'],
    queryFn: ({ signal }) => list(runId, signal),
    staleTime: 30_000,
  })
  return { ...(data ?? NOTHING), busy: isLoading, error }
}
