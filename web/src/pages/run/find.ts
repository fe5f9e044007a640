/** Finding names and values on a page: by a text, or by a regular expression. */

export interface Finder {
  fits: (...texts: string[]) => boolean
  /** what is wrong with the expression */
  problem: string | null
}

export function finder(text: string, regex: boolean): Finder {
  if (!text.trim()) return { fits: () => true, problem: null }
  if (regex) {
    try {
      const pattern = new RegExp(text, 'i')
      return { fits: (...texts) => texts.some((each) => pattern.test(each)), problem: null }
    } catch {
      return { fits: () => false, problem: 'This is not a regular expression.' }
    }
  }
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return {
    fits: (...texts) => {
      const all = texts.join('\n').toLowerCase()
      return words.every((word) => all.includes(word))
    },
    problem: null,
  }
}

const COLLATOR = new Intl.Collator('en', { numeric: true })

/** Sorts names as people do: `layer 9` before `layer 10`. */
export function byName(a: string, b: string): number {
  return COLLATOR.compare(a, b)
}
