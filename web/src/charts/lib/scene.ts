import type { Pen } from './pen'
import type { Theme } from './theme'

/** Something in a picture that can be pointed at. */
export interface Mark {
  runId: string | null
  /** where its values are said; the middle of a point, the top of a bar */
  x: number
  y: number
  /** names and values */
  lines: readonly (readonly [string, string])[]
  /** its area, when it is more than a point */
  box?: { left: number; top: number; width: number; height: number }
}

/** What was drawn, and what in it can be pointed at. */
export interface Scene {
  marks: readonly Mark[]
  /** draw a mark so that it stands out */
  emphasise: (pen: Pen, index: number, theme: Theme) => void
  /** the mark at a place, where marks are neither points nor boxes */
  find?: (left: number, top: number) => number | null
}

const REACH = 24

/** The mark at a place: the one whose area it is in, or the nearest point within reach. */
export function indexAt({ marks, find }: Scene, left: number, top: number): number | null {
  if (find) return find(left, top)
  let best: number | null = null
  let least = REACH * REACH
  for (let index = 0; index < marks.length; index++) {
    const { x, y, box } = marks[index]!
    if (box) {
      const inside =
        left >= box.left &&
        left <= box.left + box.width &&
        top >= box.top &&
        top <= box.top + box.height
      if (inside) return index
      continue
    }
    const far = (x - left) ** 2 + (y - top) ** 2
    if (far < least) {
      least = far
      best = index
    }
  }
  return best
}
