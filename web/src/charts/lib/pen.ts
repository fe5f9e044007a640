/** What charts draw with: the same calls paint a canvas or write an SVG. */

export interface Ink {
  stroke?: string | undefined
  width?: number
  dash?: readonly number[]
  /** as thin as the screen can: many long lines of this kind are drawn at once */
  hair?: boolean
  fill?: string | undefined
  alpha?: number
}

export interface Words {
  size?: number
  colour: string
  align?: 'left' | 'center' | 'right'
  baseline?: 'top' | 'middle' | 'bottom'
  bold?: boolean
  /** degrees, clockwise */
  turn?: number
}

export type Numbers = ArrayLike<number>

export interface Pen {
  /** a line through points; NaN lifts the pen */
  line(xs: Numbers, ys: Numbers, ink: Ink): void
  /** closed rings, holes by the even-odd rule */
  rings(rings: readonly (readonly (readonly number[])[])[], ink: Ink): void
  rect(x: number, y: number, width: number, height: number, ink: Ink): void
  circle(x: number, y: number, radius: number, ink: Ink): void
  text(x: number, y: number, text: string, words: Words): void
  clip(x: number, y: number, width: number, height: number, draw: () => void): void
  /** width of a text */
  measure(text: string, size?: number): number
}

export const SMALL = 11
export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

/** A text cut to a width, with an ellipsis. */
export function fitted(pen: Pen, text: string, width: number, size = SMALL): string {
  if (pen.measure(text, size) <= width) return text
  let low = 0
  let high = text.length
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (pen.measure(`${text.slice(0, middle)}…`, size) <= width) low = middle
    else high = middle - 1
  }
  return low > 0 ? `${text.slice(0, low)}…` : ''
}
