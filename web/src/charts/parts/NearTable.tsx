import { Pin } from 'lucide'
import { count, plural } from '../../lib/format'
import { paths } from '../../paths'
import { IconButton } from '../../ui/Button'
import { axisLabel } from '../line'
import { valueText, xOf, xText, type Near } from '../lib/near'
import { Swatch } from './Legend'
import styles from './parts.module.css'

const SHOWN = 10

/** The values of the lines at an x, the nearest to the pointer first. */
export function NearTable({
  near,
  axis,
  held,
  onPin,
}: {
  near: readonly Near[]
  axis: string
  /** it stays: names are links, runs can be pinned */
  held: boolean
  onPin: (runId: string) => void
}) {
  const shown = held ? near : near.slice(0, SHOWN)
  const x = xOf(near)
  return (
    <>
      <div class={styles.head}>
        {axisLabel(axis)} {xText(axis, x)}
      </div>
      <table>
        <tbody>
          {shown.map(({ line, index, far }, place) => (
            <tr key={line.id} class={place === 0 ? styles.first : ''}>
              <td>
                <Swatch colour={line.colour} dash={line.dash} />
              </td>
              <th scope="row">
                {held && line.runId && line.experimentId ? (
                  <a href={paths.run(line.experimentId, line.runId)}>{line.label}</a>
                ) : (
                  line.label
                )}
                {line.runs > 1 && ` (${plural(line.runs, 'run')})`}
              </th>
              <td class="number">{valueText({ line, index, far })}</td>
              {/* of thinned curves the nearest point may be at another place than the first's */}
              <td class="number quiet">
                {axis !== 'step' && line.step && `step ${line.step[index]}`}
                {axis === 'step' && line.x[index] !== x && `at ${xText(axis, line.x[index]!)}`}
              </td>
              {held && line.runId && (
                <td>
                  <IconButton
                    small
                    icon={Pin}
                    label={`Mark ${line.label}`}
                    onClick={() => onPin(line.runId!)}
                  />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {near.length > shown.length && (
        <div class={styles.head}>
          and {count(near.length - shown.length)} more: click to see them
        </div>
      )}
    </>
  )
}
