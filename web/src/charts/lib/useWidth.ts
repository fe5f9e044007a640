import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** The width of an element in CSS pixels, as it changes; 0 before it is known. */
export function useWidth(): [ref: { current: HTMLDivElement | null }, width: number] {
  const ref = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = ref.current!
    const read = () => setWidth(Math.floor(element.clientWidth))
    read()
    const watch = new ResizeObserver(read)
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  return [ref, width]
}

export const GAP = 12
/** padding and border of a card, both sides */
const AROUND = 26

/** How many columns fit. */
export function columnsIn(width: number): number {
  return width >= 1040 ? 3 : width >= 620 ? 2 : 1
}

/** The width of a picture in a card that spans some of the columns. */
export function pictureWidth(width: number, columns: number, span: number): number {
  const one = (width - GAP * (columns - 1)) / columns
  return Math.max(160, Math.floor(one * span + GAP * (span - 1) - AROUND))
}
