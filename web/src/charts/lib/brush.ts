/** Brushing and ordering of parallel axes. */

export type Brush = readonly [number, number]
export type Brushes = Readonly<Record<string, Brush>>

/** Brushes from an address: column → range of places from 0 (bottom) to 1 (top). */
export function brushesIn(given: Record<string, unknown>): Record<string, [number, number]> {
  const value = given.brushes
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {}
  const found: Record<string, [number, number]> = {}
  for (const [name, range] of Object.entries(value as Record<string, unknown>)) {
    if (!Array.isArray(range) || range.length !== 2) continue
    const [low, high] = range as unknown[]
    if (typeof low === 'number' && typeof high === 'number' && low < high) found[name] = [low, high]
  }
  return found
}

/** Whether a run is inside of all brushes; its place is NaN on an axis where it has no value. */
export function isInside(
  axes: readonly string[],
  placeOn: (axis: number) => number,
  brushes: Brushes,
): boolean {
  return axes.every((name, axis) => {
    const brush = brushes[name]
    if (!brush) return true
    const place = placeOn(axis)
    return place >= brush[0] && place <= brush[1]
  })
}

/** The axes with one of them dragged to a place (0 is left, 1 is right). */
export function draggedTo(axes: readonly string[], name: string, place: number): string[] {
  const rest = axes.filter((each) => each !== name)
  const index = Math.round(Math.min(1, Math.max(0, place)) * (axes.length - 1))
  return [...rest.slice(0, index), name, ...rest.slice(index)]
}

const LEAST = 0.01

/** The brush from a drag between two places; a click, which spans nothing, takes it away. */
export function brushed(brushes: Brushes, name: string, from: number, to: number): Brushes {
  const [low, high] = from < to ? [from, to] : [to, from]
  const rest = Object.fromEntries(Object.entries(brushes).filter(([axis]) => axis !== name))
  if (high - low < LEAST) return rest
  const short = (place: number) => Math.round(Math.min(1, Math.max(0, place)) * 1000) / 1000
  return { ...rest, [name]: [short(low), short(high)] }
}
