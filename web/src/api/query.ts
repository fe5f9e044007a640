import { QueryClient, useQuery, type UseQueryResult } from '@tanstack/react-query'
import { ask, type Answer, type Name, type Question } from './client'
import { ApiError } from './errors'

/** All that was asked lately. An error of the user's is final; a server that is away is asked again. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      gcTime: 10 * 60_000,
      retry: (count, error) =>
        error instanceof ApiError ? (error.isAway || error.status === 503) && count < 5 : false,
      refetchOnWindowFocus: false,
    },
  },
})

interface More<N extends Name> {
  enabled?: boolean
  /** keep showing the last answer while a changed question is asked */
  keep?: boolean
  staleTime?: number
  refetchInterval?: number | false
  select?: (answer: Answer<N>) => Answer<N>
}

/** The key under which an answer is kept. */
export function keyOf<N extends Name>(name: N, question: Question<N>): readonly unknown[] {
  return [name, question]
}

/** The answer of an endpoint, kept and shared by its question. */
export function useAsk<N extends Name>(
  name: N,
  question: Question<N>,
  { keep = false, ...more }: More<N> = {},
): UseQueryResult<Answer<N>, ApiError> {
  return useQuery<Answer<N>, ApiError>({
    queryKey: keyOf(name, question),
    queryFn: ({ signal }) => ask(name, question, signal),
    ...(keep && { placeholderData: (before) => before }),
    ...more,
  })
}

/** Forget what was asked of some endpoints, so that what is shown is asked again. */
export function refresh(...names: Name[]): void {
  for (const name of names) void queryClient.invalidateQueries({ queryKey: [name] })
}
