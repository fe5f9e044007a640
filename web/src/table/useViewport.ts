import { useLayoutEffect, useState } from 'preact/hooks'

export interface Viewport {
  /** rows that are drawn, the last one not included */
  first: number
  last: number
  /** rows that can be seen */
  seenFirst: number
  seenLast: number
  /** pixels from the left edge of the content */
  left: number
  right: number
}

/** Rows are drawn in steps of some, so that most frames of a scroll draw nothing at all. */
const STEP = 4
const MORE = 8
const SIDE = 120

/** Which part of a scrolled table can be seen. */
export function useViewport(
  box: { current: HTMLElement | null },
  height: number,
  length: number,
): Viewport {
  const [view, setView] = useState<Viewport>(() => visible(0, 0, 1200, 900, height))
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return undefined
    const measure = () => {
      const { scrollTop, scrollLeft, clientWidth, clientHeight } = element
      const next = visible(scrollTop, scrollLeft, clientWidth, clientHeight, height)
      setView((before) => (isSame(before, next) ? before : next))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', measure)
    }
  }, [box, height, length])
  return view
}

/** The part of a table between the edges of its box. */
export function visible(
  top: number,
  left: number,
  width: number,
  tall: number,
  height: number,
): Viewport {
  const from = Math.floor(top / height / STEP) * STEP
  const rows = Math.ceil(tall / height / STEP) * STEP + STEP
  const first = Math.max(0, from - MORE)
  const start = Math.floor(left / SIDE) * SIDE
  return {
    first,
    last: from + rows + MORE + (MORE - Math.min(from, MORE)),
    seenFirst: from,
    seenLast: from + rows,
    left: Math.max(0, start - SIDE),
    right: start + width + 2 * SIDE,
  }
}

function isSame(a: Viewport, b: Viewport): boolean {
  return (Object.keys(a) as (keyof Viewport)[]).every((field) => a[field] === b[field])
}
