/** What the list of experiments shows: read from the address, and written as a search. */

import { quoteKey, quoteText } from '../../lib/columns'
import { SORTS, type Order, type Sort } from './tree'

export interface Shown {
  search: string
  /** only those in it; empty for all */
  folder: string
  /** `key` or `key=value` */
  tags: string[]
  order: Order
  deleted: boolean
  opened: string[]
}

export const NEWEST: Order = { by: 'created', descending: true }

export function decode(params: URLSearchParams): Shown {
  return {
    search: params.get('q') ?? '',
    folder: params.get('folder') ?? '',
    tags: list(params.get('tags')),
    order: decodeOrder(params.get('sort')),
    deleted: params.get('view') === 'deleted',
    // who asks for a folder wants to see what is in it
    opened: list(params.get('open') ?? (params.get('folder') ? '["*"]' : null)),
  }
}

export function encodeOrder({ by, descending }: Order): string | null {
  return by === NEWEST.by && descending === NEWEST.descending
    ? null
    : `${descending ? '-' : ''}${by}`
}

function decodeOrder(text: string | null): Order {
  const by = (text ?? '').replace(/^-/, '') as Sort
  return SORTS.includes(by) ? { by, descending: text!.startsWith('-') } : NEWEST
}

export function encodeList(items: readonly string[]): string | null {
  return items.length ? JSON.stringify(items) : null
}

function list(text: string | null): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}

/** The filter that the server is asked with; every word has to be in the name. */
export function filterText({
  search,
  folder,
  tags,
}: Pick<Shown, 'search' | 'folder' | 'tags'>): string {
  const words = search.replaceAll('%', ' ').split(/\s+/).filter(Boolean)
  const clauses = words.map((word) => `name ILIKE ${quoteText(`%${word}%`)}`)
  if (folder) clauses.unshift(`name LIKE ${quoteText(`${folder.replaceAll('%', '_')}/%`)}`)
  for (const tag of tags) {
    const cut = tag.indexOf('=')
    const key = cut < 0 ? tag : tag.slice(0, cut)
    const field = `tags.${quoteKey(key)}`
    clauses.push(cut < 0 ? `${field} IS NOT NULL` : `${field} = ${quoteText(tag.slice(cut + 1))}`)
  }
  return clauses.join(' AND ')
}

/** The order of the server's pages; it does not know what happens inside experiments. */
export function orderText({ by, descending }: Order): string {
  return `${by === 'name' ? 'name' : 'creation_time'} ${descending ? 'DESC' : 'ASC'}`
}
