/** The queries that this browser asked last. */

const KEY = 'millstream.queries'
const MOST = 20

export function pastQueries(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(kept)
      ? kept.filter((each): each is string => typeof each === 'string')
      : []
  } catch {
    return [] // a browser that keeps nothing
  }
}

export function rememberQuery(text: string): void {
  try {
    const others = pastQueries().filter((each) => each !== text)
    localStorage.setItem(KEY, JSON.stringify([text, ...others].slice(0, MOST)))
  } catch {
    // it is forgotten
  }
}
