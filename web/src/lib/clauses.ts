/** Parts of a filter that are joined by AND, so that menus can add and take back one of them. */

import { tokens } from './query'

/** The parts between the ANDs of a filter; one that says OR outside of parentheses is one part. */
export function clauses(filter: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  let between = false
  for (const token of tokens(filter)) {
    const word = token.kind === 'keyword' ? token.text.toUpperCase() : token.text
    if (word === '(') depth++
    else if (word === ')') depth--
    else if (depth > 0) continue
    else if (word === 'OR') return [filter.trim()]
    else if (word === 'BETWEEN') between = true
    else if (word === 'AND' && between) between = false
    else if (word === 'AND') {
      parts.push(filter.slice(start, token.start).trim())
      start = token.end
    }
  }
  parts.push(filter.slice(start).trim())
  return parts.filter(Boolean)
}

/** Whether a filter has this part. */
export function hasClause(filter: string, clause: string): boolean {
  return clauses(filter).includes(clause)
}

/** A filter with a part added, or taken out if it is there; the part takes the place of `instead`. */
export function toggleClause(filter: string, clause: string, instead?: RegExp): string {
  const parts = clauses(filter)
  const kept = parts.filter((part) => part !== clause && !instead?.test(part))
  const all = parts.includes(clause) ? kept : [...kept, clause]
  if (all.length < 2) return all[0] ?? ''
  return all.map((part) => (saysOr(part) ? `(${part})` : part)).join(' AND ')
}

function saysOr(part: string): boolean {
  let depth = 0
  for (const { kind, text } of tokens(part)) {
    if (text === '(') depth++
    else if (text === ')') depth--
    else if (depth === 0 && kind === 'keyword' && text.toUpperCase() === 'OR') return true
  }
  return false
}
