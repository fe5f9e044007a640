import { useMemo, useRef } from 'preact/hooks'
import { isNumeric, isQuery } from '../../lib/query'
import { column } from '../../lib/columns'
import type { ChangeView } from '../../state/useView'
import type { View } from '../../state/view'
import type { ColumnActions } from '../../table/Head'
import { moved } from '../../table/layout'
import { orderOf } from '../../table/sources'
import { grouped } from './Toolbar'

/** What the heads of columns can do, in terms of the view. */
export function useColumnActions(
  view: View,
  columns: readonly string[],
  change: ChangeView,
  /** begin a query that the reader goes on with */
  begin: (query: string) => void,
  setDragged: (widths: Record<string, number>) => void,
): ColumnActions {
  const latest = useRef({ view, columns })
  latest.current = { view, columns }
  return useMemo<ColumnActions>(() => {
    const now = () => latest.current
    const move = (name: string, to: number) => {
      const list = now().columns
      change({ columns: moved(list, list.indexOf(name), to) })
    }
    return {
      order: (order) => change({ order }),
      drag: (name, width) => setDragged({ [name]: width }),
      resize: (name, width) => {
        setDragged({})
        const { [name]: _, ...others } = now().view.widths
        change({ widths: width === null ? others : { ...others, [name]: width } })
      },
      pin: (name, pinned) => {
        const others = now().view.pinned.filter((each) => each !== name)
        change({ pinned: pinned ? [...others, name] : others })
      },
      hide: (name) => {
        const { view, columns } = now()
        change({
          columns: columns.filter((each) => each !== name),
          ...(orderOf(view.order).name === name && { order: '' }),
        })
      },
      replace: (name, by) => {
        const { view, columns } = now()
        const list = columns.map((each) => (each === name ? by : each))
        const { name: ordered, descending } = orderOf(view.order)
        change({
          columns: [...new Set(list)],
          pinned: view.pinned.map((each) => (each === name ? by : each)),
          ...(ordered === name && { order: `${by} ${descending ? 'DESC' : 'ASC'}` }),
        })
      },
      move: (name, before) => {
        const list = now().columns.filter((each) => each !== name)
        const at = list.indexOf(before)
        change({ columns: [...list.slice(0, at), name, ...list.slice(at)] })
      },
      shift: (name, step) => move(name, Math.max(1, now().columns.indexOf(name) + step)),
      groupBy: (name) => change(grouped(now().view, [...now().view.group, name].slice(-4))),
      filterBy: (name) => {
        const { filter } = now().view
        const more = `${name} ${isNumeric(column(name)) ? '> ' : "= '"}`
        begin(isQuery(filter) ? `${filter} AND ${more}` : more)
      },
    }
  }, [change, begin, setDragged])
}

export const QUERY_ID = 'runs-query'

/** Put the caret at the end of the search. */
export function focusQuery(): void {
  const input = document.getElementById(QUERY_ID)
  if (!(input instanceof HTMLTextAreaElement)) return
  input.focus()
  input.setSelectionRange(input.value.length, input.value.length)
}
