import { useQueries } from '@tanstack/react-query'
import { ask } from '../../api/client'
import { modelsOf } from './models'
import type { RunView } from './run'

export interface KnownFile {
  path: string
  label: string
}

export const DIFF = 'git/diff.patch'

/** Files that tell about code and environment: what they are called, and what they are. */
const KNOWN: Record<string, string> = {
  'conda.yaml': 'Conda',
  'diff.patch': 'Not committed',
  'environment.yaml': 'Conda',
  'pyproject.toml': 'Project',
  'python_env.yaml': 'Python',
  'requirements.txt': 'Packages',
  'uv.lock': 'Packages',
}

/** Which of these files a run has: at the top, beside its diff, and in its models. */
export function useFiles(run: RunView): readonly KnownFile[] {
  const models = modelsOf(run.message).flatMap((model) => (model.path ? [model.path] : []))
  const folders = ['', 'git', ...models.slice(0, 5)]
  return useQueries({
    queries: folders.map((path) => ({
      queryKey: ['artifacts/list', { run_id: run.id, path }],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        ask('artifacts/list', { run_id: run.id, path }, signal),
      staleTime: 60_000,
    })),
    combine: (answers) =>
      answers.flatMap(({ data }) =>
        (data?.files ?? []).flatMap(({ path, is_dir }) => {
          const label = KNOWN[path.split('/').at(-1)!]
          return !is_dir && label ? [{ path, label }] : []
        }),
      ),
  })
}
