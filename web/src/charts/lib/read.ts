/** Options of charts from what an address or a saved view holds: whatever does not fit is as if absent. */

type Given = Record<string, unknown>

export function textIn(given: Given, name: string, usual = ''): string {
  const value = given[name]
  return typeof value === 'string' ? value : usual
}

export function flagIn(given: Given, name: string, usual = false): boolean {
  const value = given[name]
  return typeof value === 'boolean' ? value : usual
}

export function numberIn<T extends number | null>(
  given: Given,
  name: string,
  usual: T,
): number | T {
  const value = given[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : usual
}

export function textsIn(given: Given, name: string): string[] {
  const value = given[name]
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

export function choiceIn<T extends string>(
  given: Given,
  name: string,
  choices: readonly T[],
  usual: T,
): T {
  const value = given[name]
  return choices.find((choice) => choice === value) ?? usual
}

export type Range = [number, number]

/** A range with a start below its end; null is "all there is". */
export function rangeIn(given: Given, name: string): Range | null {
  const value = given[name]
  if (!Array.isArray(value) || value.length !== 2) return null
  const [low, high] = value as unknown[]
  if (typeof low !== 'number' || typeof high !== 'number') return null
  return Number.isFinite(low) && Number.isFinite(high) && low < high ? [low, high] : null
}

/** Only what is not usual, so that addresses stay short. */
export function unusual(options: object, usual: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([name, value]) =>
        JSON.stringify(value) !== JSON.stringify((usual as Record<string, unknown>)[name]),
    ),
  )
}
