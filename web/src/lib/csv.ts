/** What a cell of a table holds. */
export type Value = string | number | null

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/

/** A field of a CSV file that no spreadsheet takes for a formula. */
export function field(value: Value): string {
  if (value === null) return ''
  let text = String(value)
  if (/^[=+\-@\t\r]/.test(text) && !NUMBER.test(text)) text = `'${text}`
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows as the text of a CSV file. */
export function toCsv(rows: readonly (readonly Value[])[]): string {
  return rows.map((row) => `${row.map(field).join(',')}\r\n`).join('')
}

/** A table with its head as the text of a CSV file. */
export function csv(columns: readonly string[], rows: readonly (readonly Value[])[]): string {
  return toCsv([columns, ...rows])
}
