import { queryOptions, useQueries, type UseQueryResult } from '@tanstack/react-query'
import { useCallback } from 'preact/hooks'
import { ask } from '../api/client'
import { queryClient } from '../api/query'
import type { ListedArtifacts } from '../api/schema'
import { sorted, type Folders, type Listed } from './tree'

/** The question for what is in one folder of a run. */
export function listing(runId: string, folder: string) {
  return queryOptions<ListedArtifacts>({
    queryKey: ['artifacts/list', runId, folder],
    queryFn: async ({ signal }) => {
      const answer = await ask(
        'artifacts/list',
        { run_id: runId, ...(folder && { path: folder }) },
        signal,
      )
      return { ...answer, files: sorted(answer.files ?? []) }
    },
    staleTime: 30_000,
  })
}

/** What is in some folders; each is asked for once. */
export function useFolders(
  runId: string,
  wanted: readonly string[],
): { folders: Folders; root: string } {
  const combine = useCallback(
    (answers: UseQueryResult<ListedArtifacts>[]) => {
      const folders = new Map<string, Listed>()
      for (const [index, { data, error }] of answers.entries()) {
        const listed: Listed = data
          ? { state: 'here', files: data.files ?? [] }
          : error
            ? { state: 'failed', error }
            : { state: 'waiting' }
        folders.set(wanted[index]!, listed)
      }
      return { folders, root: answers.find((answer) => answer.data)?.data?.root_uri ?? '' }
    },
    [wanted],
  )
  return useQueries({ queries: wanted.map((folder) => listing(runId, folder)), combine })
}

/** Look again at all that was shown of a run's artifacts. */
export async function lookAgain(runId: string): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ['artifacts/list', runId] }),
    queryClient.invalidateQueries({ queryKey: ['artifact', runId] }),
  ])
}
