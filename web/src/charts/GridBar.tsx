import { Plus, Search, SlidersHorizontal } from 'lucide'
import { useEffect, useState } from 'preact/hooks'
import { Button } from '../ui/Button'
import { Field, Input, Select } from '../ui/Field'
import { Icon } from '../ui/Icon'
import { Menu } from '../ui/Menu'
import { Popover } from '../ui/Popover'
import styles from './grid.module.css'
import { KINDS } from './index'
import { AXES } from './line'
import type { By } from './lib/dress'
import type { All } from './lib/arrange'
import type { Band } from './lib/lines'
import { ColumnSelect } from './parts/ColumnSelect'
import type { Names } from './types'

/** What holds for all charts: search, axis, smoothing, groups and looks; and new charts. */
export function GridBar({
  all,
  onAll,
  by,
  onBy,
  names,
  alone,
  onAdd,
}: {
  all: All
  onAll: (changes: Partial<All>) => void
  by: By
  onBy: (by: By) => void
  names: Names
  /** there is a single run: nothing to group */
  alone: boolean
  onAdd: (kind: string) => void
}) {
  return (
    <div class={styles.bar} role="toolbar" aria-label="Charts">
      <div class={styles.search}>
        <Icon of={Search} size={14} />
        <Input
          type="search"
          aria-label="Search charts"
          placeholder="Search charts"
          value={all.find}
          onInput={(event) => onAll({ find: event.currentTarget.value })}
        />
      </div>
      <div class={styles.inline}>
        <span aria-hidden="true">X axis</span>
        <Select
          aria-label="X axis"
          value={all.x}
          choices={[
            ...AXES,
            ...names.metrics.map((key) => ({ value: `metrics.${key}`, label: key })),
          ]}
          onChoose={(x) => onAll({ x })}
        />
      </div>
      <Smoothing value={all.smoothing} onChoose={(smoothing) => onAll({ smoothing })} />
      {!alone && <Looks {...{ all, onAll, by, onBy, names }} />}
      <Menu
        align="end"
        trigger={
          <Button kind="primary" icon={Plus}>
            Add chart
          </Button>
        }
        entries={KINDS.map((kind) => ({
          label: kind.label,
          about: kind.about,
          icon: kind.icon,
          onSelect: () => onAdd(kind.kind),
        }))}
      />
    </div>
  )
}

const WAIT = 120

/** A slider that says what it means at once, and asks when it rests. */
function Smoothing({ value, onChoose }: { value: number; onChoose: (value: number) => void }) {
  const [shown, setShown] = useState(value)
  useEffect(() => setShown(value), [value])
  useEffect(() => {
    if (shown === value) return undefined
    const timer = setTimeout(() => onChoose(shown), WAIT)
    return () => clearTimeout(timer)
  }, [shown, value, onChoose])
  return (
    <label class={styles.inline}>
      <span>Smoothing</span>
      <input
        type="range"
        min={0}
        max={100}
        value={slideOf(shown)}
        aria-valuetext={shown.toFixed(3)}
        onInput={(event) => setShown(smoothingOf(Number(event.currentTarget.value)))}
      />
      <output class={styles.value}>{shown === 0 ? 'off' : shown.toFixed(2)}</output>
    </label>
  )
}

/** What matters happens close to 1: the slider has more room there. */
function smoothingOf(slide: number): number {
  return Math.min(0.999, Math.round((1 - (1 - slide / 100) ** 2) * 1000) / 1000)
}

function slideOf(smoothing: number): number {
  return Math.round((1 - Math.sqrt(1 - smoothing)) * 100)
}

function Looks({
  all,
  onAll,
  by,
  onBy,
  names,
}: {
  all: All
  onAll: (changes: Partial<All>) => void
  by: By
  onBy: (by: By) => void
  names: Names
}) {
  const many = [by.group, by.colour, by.dash].filter(Boolean).length
  return (
    <Popover
      label="Groups and looks"
      align="end"
      trigger={<Button icon={SlidersHorizontal}>Group and colour{many > 0 && ` (${many})`}</Button>}
    >
      <div class={styles.looks}>
        <ColumnSelect
          label="Group by"
          none="Nothing: a line for each run"
          value={by.group}
          names={names}
          onChoose={(group) => onBy({ ...by, group })}
        />
        {by.group && (
          <Field label="Band around the mean">
            <Select<Band>
              value={all.band}
              choices={[
                { value: 'std', label: 'Standard deviation' },
                { value: 'range', label: 'Smallest to largest' },
                { value: 'none', label: 'None' },
              ]}
              onChoose={(band) => onAll({ band })}
            />
          </Field>
        )}
        <ColumnSelect
          label="Colour by"
          none={by.group ? 'The group' : 'The run'}
          value={by.colour}
          names={names}
          onChoose={(colour) => onBy({ ...by, colour })}
        />
        <ColumnSelect
          label="Dash by"
          none="Nothing: solid lines"
          value={by.dash}
          names={names}
          onChoose={(dash) => onBy({ ...by, dash })}
        />
      </div>
    </Popover>
  )
}
