import { count, metric } from '../../lib/format'
import type { Picture } from '../types'
import styles from './parts.module.css'

const MOST = 500

/** The values of a chart as a table. */
export function TableView({ picture, height }: { picture: Picture; height: number }) {
  const rows = picture.rows()
  return (
    <div class={styles.tableView} style={{ height }} tabIndex={0} role="group" aria-label="Values">
      <table>
        <caption class="aside">{picture.summary}</caption>
        <thead>
          <tr>
            {picture.columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map((row, index) => (
            <tr key={index}>
              {row.map((value, column) => (
                <td key={column} class={typeof value === 'number' ? 'number' : ''}>
                  {typeof value === 'number' ? metric(value) : value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <p class="quiet">and {count(rows.length - MOST)} more rows: download the CSV for all</p>
      )}
    </div>
  )
}
