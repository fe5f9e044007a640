import { useCallback, useEffect, useRef } from 'preact/hooks'
import { refresh } from '../../api/query'
import { useLive } from '../../state/live'
import { usePrefs } from '../../state/prefs'
import type { Table } from './useTable'

/** Keeps the table up to date, and says when there are runs that it does not show yet. */
export function useChanges(table: Table, experimentIds: string[]) {
  const { live } = usePrefs()
  const atTop = useRef(true)
  const slowly = useSlowly(() => {
    if (table.rows.kind === 'groups') table.rows.refresh()
    refresh('runs/table', 'metrics/curves', 'runs/get')
  })
  const state = useLive(
    experimentIds,
    (ids) => {
      void table.rows.touched(ids, atTop.current).catch(() => {})
      slowly()
    },
    live,
  )
  const onTop = useCallback((top: boolean) => {
    atTop.current = top
  }, [])
  const show = () => {
    table.rows.refresh()
    const grid = document.querySelector<HTMLElement>('[aria-label="Runs"]')
    if (grid) grid.scrollTop = 0
  }
  return { state, onTop, show }
}

/** Charts and groups cost more than rows: while runs train they follow a little behind. */
const BEHIND = 4_000

function useSlowly(act: () => void): () => void {
  const latest = useRef(act)
  latest.current = act
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current)
    },
    [],
  )
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = null
      latest.current()
    }, BEHIND)
  }, [])
}
