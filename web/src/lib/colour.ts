/** The colour and dash of a run: the same in every chart, table and browser. */

/** Told apart in light and dark, and by most who see colours otherwise (after Okabe and Ito, Tol). */
export const PALETTE = [
  '#1f77b4',
  '#e0712b',
  '#2a9d55',
  '#c44e9b',
  '#7b61d1',
  '#b8860b',
  '#17a2b8',
  '#d64545',
  '#6b8e23',
  '#8c6d5a',
  '#4c78e0',
  '#00917c',
  '#c2185b',
  '#9c6ade',
  '#5f7d95',
  '#a0522d',
] as const

export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 3], [9, 3, 2, 3]]

/** A number that spreads texts evenly (FNV-1a, 32 bit). */
export function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}

export function colourOf(name: string): string {
  return PALETTE[hash(name) % PALETTE.length]!
}

/** Colours for a list of runs: its own for each, and for neighbours another where it would repeat. */
export function colours(names: readonly string[]): Map<string, string> {
  const given = new Map<string, string>()
  const used = new Map<string, number>()
  for (const name of names) {
    const start = hash(name) % PALETTE.length
    let best = start
    for (let offset = 0; offset < PALETTE.length; offset++) {
      const index = (start + offset) % PALETTE.length
      if ((used.get(PALETTE[index]!) ?? 0) < (used.get(PALETTE[best]!) ?? 0)) best = index
    }
    given.set(name, PALETTE[best]!)
    used.set(PALETTE[best]!, (used.get(PALETTE[best]!) ?? 0) + 1)
  }
  return given
}
