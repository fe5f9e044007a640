import { useCallback, useMemo, useRef } from 'preact/hooks'
import { isQuery } from '../lib/query'
import { setParams, useAddress } from './address'
import { decodeView, encodeView, type View } from './view'

export type ChangeView = (changes: Partial<View>, options?: { replace?: boolean }) => void

/** The view that the address describes, and how to change it. Parts that did not change stay the same objects. */
export function useView(): [View, ChangeView] {
  const { params } = useAddress()
  const before = useRef<View | null>(null)
  const view = useMemo(() => {
    const next = decodeView(params)
    if (before.current) {
      for (const field of Object.keys(next) as (keyof View)[]) keepSame(next, before.current, field)
    }
    before.current = next
    return next
  }, [params])
  const change = useCallback<ChangeView>((changes, options) => {
    const replace = !isStep(changes, before.current!)
    setParams(encodeView(changes), { replace, ...options })
  }, [])
  return [view, change]
}

/** What people think of as somewhere else: the way back leads through it. */
const STEPS = [
  'also',
  'filter',
  'order',
  'lifecycle',
  'differ',
  'group',
  'tree',
  'layout',
  'chartRuns',
] as const satisfies readonly (keyof View)[]

/** Whether a change makes an entry in the browser's history. */
export function isStep(changes: Partial<View>, before: View): boolean {
  const text = JSON.stringify
  const changed = STEPS.filter(
    (field) => field in changes && text(changes[field]) !== text(before[field]),
  )
  const [first, ...others] = changed
  // a name that is being typed is one step, however many letters it has
  if (first === 'filter' && others.length === 0 && before.filter !== '')
    return isQuery(before.filter) || isQuery(changes.filter ?? '')
  return changed.length > 0
}

function keepSame<F extends keyof View>(next: View, before: View, field: F): void {
  if (JSON.stringify(next[field]) === JSON.stringify(before[field])) next[field] = before[field]
}
