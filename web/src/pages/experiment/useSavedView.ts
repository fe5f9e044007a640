import { useEffect, useRef } from 'preact/hooks'
import { ask } from '../../api/client'
import { refresh, useAsk } from '../../api/query'
import type { View as SavedView } from '../../api/schema'
import { paths } from '../../paths'
import { go, useAddress } from '../../state/address'
import { decodeView, encodeView, type View } from '../../state/view'

/** A view as one text: what the address says of it, in a fixed order. */
export function stateOf(view: View): string {
  const given = Object.entries(encodeView(view)).filter(([, value]) => value !== null)
  given.sort(([a], [b]) => (a < b ? -1 : 1))
  return new URLSearchParams(given as [string, string][]).toString()
}

/** Whether a view says what was saved, however that was written. */
export function isSame(saved: string, view: View): boolean {
  return stateOf(decodeView(new URLSearchParams(saved))) === stateOf(view)
}

export interface SavedViews {
  list: readonly SavedView[]
  /** the one that is open */
  open: SavedView | null
  /** what is shown differs from it */
  modified: boolean
  /** the address names one that is not there */
  missing: boolean
  create: (name: string) => Promise<void>
  update: (viewId: string) => Promise<void>
  rename: (viewId: string, name: string) => Promise<void>
  remove: (viewId: string) => Promise<void>
  show: (view: SavedView) => void
}

/** The saved views of an experiment, and the one that the address opens with `view=`. */
export function useSavedViews(experimentId: string, view: View): SavedViews {
  const { params } = useAddress()
  const id = params.get('view')
  const { data } = useAsk('views/list', { experiment_id: experimentId }, { staleTime: 30_000 })
  const list = data?.views ?? []
  const open = list.find((each) => each.view_id === id) ?? null
  useOpening(experimentId, open, params)
  const at = (state: string, viewId: string | null) =>
    paths.experiment(experimentId, {
      ...(viewId !== null && { view: viewId }),
      ...Object.fromEntries(new URLSearchParams(state)),
    })
  const state = stateOf(view)
  const changing = async (doing: Promise<unknown>) => {
    await doing
    refresh('views/list')
  }
  return {
    list,
    open,
    modified: open !== null && !isSame(open.state, view),
    missing: id !== null && data !== undefined && open === null,
    create: async (name) => {
      const { view: made } = await ask('views/create', { experiment_id: experimentId, name, state })
      refresh('views/list')
      go(at(state, made.view_id), { replace: true })
    },
    update: (viewId) => changing(ask('views/update', { view_id: viewId, state })),
    rename: (viewId, name) => changing(ask('views/update', { view_id: viewId, name })),
    remove: async (viewId) => {
      await changing(ask('views/delete', { view_id: viewId }))
      if (viewId === id) go(at(state, null), { replace: true })
    },
    show: (saved) => go(at(saved.state, saved.view_id)),
  }
}

/** An address that has nothing but `view=` is the short link of a view: fill in what it says. */
function useOpening(experimentId: string, open: SavedView | null, params: URLSearchParams): void {
  const opened = useRef<string | null>(null)
  useEffect(() => {
    if (!open || opened.current === open.view_id) return
    opened.current = open.view_id
    if ([...params.keys()].some((name) => name !== 'view')) return
    const state = Object.fromEntries(new URLSearchParams(open.state))
    go(paths.experiment(experimentId, { view: open.view_id, ...state }), { replace: true })
  }, [open, params, experimentId])
}
