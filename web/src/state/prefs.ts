import { useSyncExternalStore } from 'preact/compat'

/** What one user of one browser prefers; all that others should see too is in the address. */
export interface Prefs {
  theme: 'system' | 'light' | 'dark'
  density: 'compact' | 'comfortable'
  /** share of the width that charts take beside the table, in per cent */
  split: number
  live: boolean
}

const KEY = 'millstream.prefs'
const DEFAULTS: Prefs = { theme: 'system', density: 'compact', split: 50, live: true }
const listeners = new Set<() => void>()
let prefs = read()

function read(): Prefs {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Prefs>) }
  } catch {
    return DEFAULTS // a browser that keeps nothing
  }
}

export function setPrefs(changes: Partial<Prefs>): void {
  prefs = { ...prefs, ...changes }
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs))
  } catch {
    // they hold until the page is closed
  }
  apply()
  for (const each of listeners) each()
}

export function usePrefs(): Prefs {
  return useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    () => prefs,
  )
}

/** Show the page in the theme and density that are preferred. */
export function apply(): void {
  const root = document.documentElement
  if (prefs.theme === 'system') delete root.dataset.theme
  else root.dataset.theme = prefs.theme
  root.dataset.density = prefs.density
}
