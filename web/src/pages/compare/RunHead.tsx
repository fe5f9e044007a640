import { ArrowLeft, ArrowRight, Ellipsis, ExternalLink, Flag, FlagOff, X } from 'lucide'
import { memo } from 'preact/compat'
import { useState } from 'preact/hooks'
import { moved } from '../../lib/compare'
import { paths } from '../../paths'
import { go } from '../../state/address'
import { IconButton } from '../../ui/Button'
import { Menu } from '../../ui/Menu'
import { Badge } from '../../ui/Notes'
import { Status } from '../../ui/Status'
import { say } from '../../ui/Toasts'
import styles from './compare.module.css'
import type { ComparedRun } from './ComparePage'
import type { Change, CompareState } from './state'

const KIND = 'application/x-millstream-run'

/** The head of a run's column: who it is, and what can be done with the column. */
export const RunHead = memo(function RunHead({
  run,
  ids,
  state,
  change,
}: {
  run: ComparedRun
  ids: readonly string[]
  state: CompareState
  change: Change
}) {
  const [over, setOver] = useState(false)
  const isBaseline = state.baseline === run.id
  const place = ids.indexOf(run.id)
  const move = (to: number) => change({ ids: moved(ids, place, to) })
  const remove = () => {
    change({ ids: ids.filter((id) => id !== run.id), ...(isBaseline && { baseline: '' }) })
    say(`${run.name} is left out`, () => change({ ids: [...ids] }))
  }
  return (
    <div
      class={styles.run}
      data-over={over || undefined}
      draggable
      onDragStart={(event) => event.dataTransfer?.setData(KIND, run.id)}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes(KIND)) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        const from = ids.indexOf(event.dataTransfer?.getData(KIND) ?? '')
        if (from >= 0) change({ ids: moved(ids, from, place) })
      }}
    >
      <div class={styles.runName}>
        <span class={styles.swatch} style={{ background: run.colour }} aria-hidden="true" />
        <a
          class="ellipsis"
          href={paths.run(run.experimentId, run.id)}
          title={`${run.name} (${run.id}). Alt with an arrow key moves the column.`}
          onKeyDown={(event) => {
            if (!event.altKey || !['ArrowLeft', 'ArrowRight'].includes(event.key)) return
            event.preventDefault()
            move(place + (event.key === 'ArrowLeft' ? -1 : 1))
          }}
        >
          {run.name}
        </a>
        <Menu
          align="end"
          trigger={<IconButton small icon={Ellipsis} label={`Column of ${run.name}`} />}
          entries={[
            {
              label: isBaseline ? 'Not the baseline' : 'Use as baseline',
              icon: isBaseline ? FlagOff : Flag,
              onSelect: () => change({ baseline: isBaseline ? '' : run.id }),
            },
            {
              label: 'Move left',
              icon: ArrowLeft,
              disabled: place === 0,
              onSelect: () => move(place - 1),
            },
            {
              label: 'Move right',
              icon: ArrowRight,
              disabled: place === ids.length - 1,
              onSelect: () => move(place + 1),
            },
            {
              label: 'Open run',
              icon: ExternalLink,
              onSelect: () => go(paths.run(run.experimentId, run.id)),
            },
            'line',
            { label: 'Remove from comparison', icon: X, onSelect: remove },
          ]}
        />
      </div>
      <div class={styles.runState}>
        <Status of={run.status} />
        {isBaseline && <Badge>baseline</Badge>}
        {run.deleted && <Badge title="It is in the bin">deleted</Badge>}
      </div>
    </div>
  )
})
