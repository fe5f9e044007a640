import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { useEffect, useMemo } from 'preact/hooks'
import { ask } from '../../api/client'
import type { ApiError } from '../../api/errors'
import type { ExperimentMessage, FoundExperiments } from '../../api/schema'
import { usePrefs } from '../../state/prefs'
import { filterText, orderText, type Shown } from './query'
import type { Figures, Item } from './tree'

/** The first page is small, so that it is there at once; the others follow by themselves. */
const FIRST = 100
const PAGE = 1000
/** More are not kept in a browser; a search finds the others. */
export const MOST = 20_000

export interface Found {
  items: Item[]
  figures: ReadonlyMap<string, Figures>
  /** why there are no figures */
  figuresError: Error | null
  /** how many there are on the server */
  total: number
  /** all of them, or as many as are kept */
  complete: boolean
  /** before the first answer */
  loading: boolean
  error: ApiError | null
}

/** Experiments that fit, page by page in the background, and what has happened in each. */
export function useExperiments({ order, deleted, ...narrow }: Shown): Found {
  const { live } = usePrefs()
  const question = {
    filter: filterText(narrow),
    order_by: [orderText(order)],
    view_type: deleted ? 'DELETED_ONLY' : 'ACTIVE_ONLY',
  }
  const { data, error, failureReason, hasNextPage, isFetchingNextPage, isPending, fetchNextPage } =
    useInfiniteQuery<
      FoundExperiments,
      ApiError,
      { pages: FoundExperiments[] },
      readonly unknown[],
      string
    >({
      queryKey: ['experiments/search', 'all', question],
      queryFn: ({ pageParam, signal }) =>
        ask(
          'experiments/search',
          {
            ...question,
            max_results: pageParam ? PAGE : FIRST,
            ...(pageParam ? { page_token: pageParam } : { count: true }),
          },
          signal,
        ),
      initialPageParam: '',
      getNextPageParam: (page) => page.next_page_token || null,
      placeholderData: (before) => before,
      // those that others make; a long list is not read again and again
      refetchInterval: ({ state }) => (live && state.data?.pages.length === 1 ? 30_000 : false),
    })
  const pages = data?.pages
  const items = useMemo(
    () => (pages ?? []).flatMap((page) => (page.experiments ?? []).map(itemOf)),
    [pages],
  )
  const more = hasNextPage && items.length < MOST
  useEffect(() => {
    if (more && !isFetchingNextPage && !error) void fetchNextPage()
  }, [more, isFetchingNextPage, error, fetchNextPage])
  const figures = useFigures(pages ?? [], deleted)
  return {
    items,
    figures: figures.found,
    figuresError: figures.error,
    total: pages?.[0]?.total ?? items.length,
    complete: !more,
    loading: isPending && !failureReason,
    // while nothing is shown, it is said at once why; it is tried again meanwhile
    error: error ?? (isPending ? failureReason : null),
  }
}

function useFigures(pages: FoundExperiments[], deleted: boolean) {
  const { live } = usePrefs()
  return useQueries({
    queries: pages
      .map((page) => (page.experiments ?? []).map((each) => each.experiment_id))
      .filter((ids) => ids.length > 0)
      .map((experiment_ids) => ({
        queryKey: ['experiments/overview', { experiment_ids }],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          ask('experiments/overview', { experiment_ids }, signal),
        // thousands are not asked for again and again
        refetchInterval: live && pages.length <= 2 ? 15_000 : (false as const),
      })),
    combine: (answers) => {
      const found = new Map<string, Figures>()
      for (const { data } of answers)
        for (const each of data?.experiments ?? [])
          found.set(each.experiment_id, {
            runs: deleted ? each.runs + each.deleted_runs : each.runs,
            running: each.running,
            last: each.last_activity ?? null,
          })
      return { found, error: answers.find((answer) => answer.error)?.error ?? null }
    },
  })
}

export const NOTE = 'mlflow.note.content'

export function itemOf(experiment: ExperimentMessage): Item {
  const tags = experiment.tags ?? []
  return {
    id: experiment.experiment_id,
    name: experiment.name,
    created: experiment.creation_time,
    deleted: experiment.lifecycle_stage === 'deleted',
    description: tags.find((tag) => tag.key === NOTE)?.value ?? '',
    tags: tags
      .filter((tag) => !tag.key.startsWith('mlflow.'))
      .map(({ key, value = '' }) => ({ key, value })),
  }
}
