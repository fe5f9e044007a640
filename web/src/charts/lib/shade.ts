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

/** The colour of a share from 0 to 1. */
export function shadeAt(share: number): string {
  if (Number.isNaN(share)) return NO_SHADE
  const place = Math.min(1, Math.max(0, share)) * (STOPS.length - 1)
  const below = Math.min(STOPS.length - 2, Math.floor(place))
  const [from, to] = [STOPS[below]!, STOPS[below + 1]!]
  const parts = from.map((part, index) => Math.round(part + (to[index]! - part) * (place - below)))
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
}

/** The colour of a value in a range. */
export function shade(value: number, [low, high]: readonly [number, number]): string {
  return shadeAt(low < high ? (value - low) / (high - low) : Number.isNaN(value) ? NaN : 0.5)
}

/** The scale as a CSS background. */
export const SHADES = `linear-gradient(90deg, ${STOPS.map((_, index) => shadeAt(index / (STOPS.length - 1))).join(', ')})`
