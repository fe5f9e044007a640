import { useMemo } from 'preact/hooks'
import { plural } from '../lib/format'
import { setHighlighted, useHighlighted } from '../state/highlight'
import styles from './grid.module.css'
import type { Dressed } from './lib/dress'
import { Legend, Swatch } from './parts/Legend'
import { ShadeKey } from './parts/ShadeKey'

/** Which colour is which run; or what the colours and dashes were chosen to mean. */
export function RunKey({
  looks,
  grouped,
  pinned,
  onPin,
}: {
  looks: Dressed
  grouped: boolean
  pinned: ReadonlySet<string>
  onPin: (runId: string) => void
}) {
  const highlighted = useHighlighted()
  const entries = useMemo(
    () =>
      looks.runs.map((run) => ({
        id: run.id,
        label: run.name,
        colour: run.colour,
        dash: run.dash,
      })),
    [looks],
  )
  return (
    <>
      {looks.key.map(({ title, entries: list, values }) => (
        <div key={title} class={styles.key}>
          {values ? (
            <ShadeKey values={values} />
          ) : (
            <>
              <span>{title}</span>
              {list.map((entry) => (
                <span key={entry.label} class={styles.keyEntry}>
                  <Swatch colour={entry.colour} dash={entry.dash} />
                  {entry.label}
                </span>
              ))}
            </>
          )}
        </div>
      ))}
      {!grouped && entries.length > 1 && (
        <Legend
          label={plural(entries.length, 'run')}
          entries={entries}
          marked={highlighted}
          pinned={pinned}
          onMark={setHighlighted}
          onPin={onPin}
        />
      )}
    </>
  )
}
