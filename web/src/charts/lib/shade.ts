import { wantsLog } from './axisOf'
import { extent, type Values } from './values'

/** A scale of colours from low to high that is even to the eye, also without colour sight (viridis). */

const STOPS = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
] as const

/** What has no value. */
export const NO_SHADE = '#8f9aa0'

/** The part of the scale that stands out from the paper: dark, light, and either. */
const PARTS = { dark: [0.25, 1], light: [0, 0.92], both: [0.22, 0.9] } as const
export type Paper = keyof typeof PARTS

/** The colour of a share from 0 to 1. */
export function shadeAt(share: number, paper: Paper = 'both'): string {
  if (Number.isNaN(share)) return NO_SHADE
  const [first, last] = PARTS[paper]
  const within = first + (last - first) * Math.min(1, Math.max(0, share))
  const place = within * (STOPS.length - 1)
  const below = Math.min(STOPS.length - 2, Math.floor(place))
  const [from, to] = [STOPS[below]!, STOPS[below + 1]!]
  const parts = from.map((part, index) => Math.round(part + (to[index]! - part) * (place - below)))
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** The colour of a value in a range. */
export function shade(
  value: number,
  [low, high]: readonly [number, number],
  paper: Paper = 'both',
): string {
  const share = low < high ? (value - low) / (high - low) : Number.isNaN(value) ? NaN : 0.5
  return shadeAt(share, paper)
}

/** How the values of a column are shaded. */
export interface Shading {
  range: readonly [number, number]
  /** even steps are equal factors */
  log: boolean
  at: (value: number, paper?: Paper) => string
}

/** Shades for a column; null without values. */
export function shadingOf(values: Values, log = wantsLog(values)): Shading | null {
  const range = extent(values.numbers)
  if (!range) return null
  const to = log ? Math.log : (value: number) => value
  const ends = [to(range[0]), to(range[1])] as const
  return { range, log, at: (value, paper) => shade(to(value), ends, paper) }
}

/** The scale as a CSS background. */
export function shades(paper: Paper): string {
  const parts = STOPS.map((_, index) => shadeAt(index / (STOPS.length - 1), paper))
  return `linear-gradient(90deg, ${parts.join(', ')})`
}
