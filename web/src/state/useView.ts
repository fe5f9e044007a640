import { useCallback, useMemo, useRef } from 'preact/hooks'
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
  const change = useCallback<ChangeView>(
    (changes, options) => setParams(encodeView(changes), options),
    [],
  )
  return [view, change]
}

function keepSame<F extends keyof View>(next: View, before: View, field: F): void {
  if (JSON.stringify(next[field]) === JSON.stringify(before[field])) next[field] = before[field]
}
