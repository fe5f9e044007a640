import { useMemo, useRef } from 'preact/hooks'
import { ALL, isAll, select } from '../../lib/selection'
import type { ChangeView } from '../../state/useView'
import type { View } from '../../state/view'

/** What is ticked, hidden in charts and unfolded, and how to change it. */
export function useSelection(view: View, change: ChangeView) {
  const latest = useRef(view)
  latest.current = view
  return useMemo(() => {
    const now = () => latest.current
    return {
      select: (ids: readonly string[], ticked: boolean) =>
        change({ selected: select(now().selected, ids, ticked) }),
      all: () => change({ selected: isAll(now().selected) ? [] : [ALL] }),
      clear: () => change({ selected: [] }),
      hide: (id: string, hidden: boolean) => {
        const others = now().hidden.filter((each) => each !== id)
        change({ hidden: hidden ? [...others, id] : others })
      },
      fold: (id: string, unfolded: boolean) => {
        const others = now().unfolded.filter((each) => each !== id)
        change({ unfolded: unfolded ? [...others, id] : others })
      },
    }
  }, [change])
}
