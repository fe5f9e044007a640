/** Names of columns, as searches and run tables spell them. */

export type ColumnKind = 'attributes' | 'metrics' | 'params' | 'tags' | 'special'
export const FUNCTIONS = ['last', 'min', 'max', 'mean', 'first', 'count'] as const
export type MetricFunction = (typeof FUNCTIONS)[number]

export interface Column {
  /** as the API spells it: `metrics.loss`, "params.`my key`", `min(metrics.loss)`, `children` */
  name: string
  kind: ColumnKind
  key: string
  function: MetricFunction | null
}

const PLAIN = /^[A-Za-z_][\w]*$/

/** A key as the search language spells it; what is not a plain word is quoted. */
export function quoteKey(key: string): string {
  if (PLAIN.test(key)) return key
  return key.includes('`') ? `"${key}"` : `\`${key}\``
}

/** The name of a column: `metrics.loss`, or `min(metrics.loss)`. */
export function columnName(
  kind: Exclude<ColumnKind, 'special'>,
  key: string,
  of: MetricFunction | null = null,
): string {
  const name = `${kind}.${quoteKey(key)}`
  return of && of !== 'last' ? `${of}(${name})` : name
}

const CALL = /^(\w+)\((.+)\)$/s

/** What a name of a column means. */
export function column(name: string): Column {
  const call = CALL.exec(name)
  const inner = call ? call[2]! : name
  const cut = inner.indexOf('.')
  const kind = inner.slice(0, cut)
  if (cut < 0 || !['attributes', 'metrics', 'params', 'tags'].includes(kind)) {
    return { name, kind: 'special', key: name, function: null }
  }
  const rest = inner.slice(cut + 1)
  const quoted = rest.length > 1 && (rest[0] === '`' || rest[0] === '"') && rest.endsWith(rest[0]!)
  return {
    name,
    kind: kind as ColumnKind,
    key: quoted ? rest.slice(1, -1) : rest,
    function: call ? (call[1] as MetricFunction) : kind === 'metrics' ? 'last' : null,
  }
}

/** A text inside a filter. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
