import { ask } from '../../api/client'
import { toCsv } from '../../lib/csv'
import { topFilter, type TableQuestion } from '../../table/sources'

export type Format = 'csv' | 'json'

const PAGE = 1_000

/** All runs that match, with some columns, as a file that is made page by page. */
export async function exportRuns(
  question: TableQuestion,
  columns: readonly string[],
  format: Format,
  onProgress: (done: number) => void,
  signal: AbortSignal,
): Promise<Blob> {
  const parts: string[] = []
  const write = format === 'csv' ? csvRows : jsonRows
  if (format === 'csv') parts.push('\ufeff', toCsv([['run_id', ...columns]]))
  let done = 0
  for (;;) {
    const page = await ask(
      'runs/table',
      {
        experiment_ids: question.experimentIds,
        filter: topFilter({ ...question, tree: false }),
        run_view_type: question.lifecycle,
        order_by: question.order && question.group.length === 0 ? [question.order] : [],
        columns: [...columns],
        offset: done,
        max_results: PAGE,
      },
      signal,
    )
    if (page.run_ids.length > 0) {
      if (format === 'json') parts.push(done === 0 ? '[\n' : ',\n')
      parts.push(write(page.run_ids, columns, page.columns))
    }
    done += page.run_ids.length
    onProgress(done)
    if (page.run_ids.length < PAGE) break
  }
  if (format === 'json') parts.push(done === 0 ? '[]\n' : '\n]\n')
  const type = format === 'csv' ? 'text/csv;charset=utf-8' : 'application/json'
  return new Blob(parts, { type })
}

type Columns = Record<string, unknown[]>

/** Lines of a CSV file; what is no number or text is written as JSON. */
export function csvRows(
  ids: readonly string[],
  columns: readonly string[],
  values: Columns,
): string {
  return toCsv(ids.map((id, at) => [id, ...columns.map((name) => plain(values[name]?.[at]))]))
}

function plain(value: unknown): string | number | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value)
}

/** Objects of a JSON list, one on a line. */
export function jsonRows(
  ids: readonly string[],
  columns: readonly string[],
  values: Columns,
): string {
  return ids
    .map((id, at) => {
      const row: Record<string, unknown> = { run_id: id }
      for (const name of columns) row[name] = values[name]?.[at] ?? null
      return JSON.stringify(row)
    })
    .join(',\n')
}
