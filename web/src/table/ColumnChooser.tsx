import { ArrowDown, ArrowUp, GripVertical, X } from 'lucide'
import { useMemo, useState } from 'preact/hooks'
import { column, columnName } from '../lib/columns'
import { count } from '../lib/format'
import { Button, IconButton } from '../ui/Button'
import { Check, Input } from '../ui/Field'
import { Icon } from '../ui/Icon'
import styles from './chooser.module.css'
import { moved, NAME, titleOf } from './layout'

export interface UsedNames {
  metrics: readonly string[]
  params: readonly string[]
  tags: readonly string[]
}

interface ChooserProps {
  names: UsedNames
  columns: readonly string[]
  /** null is the page's own choice */
  onChange: (columns: string[] | null) => void
}

const ATTRIBUTES = [
  'attributes.status',
  'attributes.start_time',
  'attributes.duration',
  'attributes.end_time',
  'attributes.user_id',
  'attributes.run_id',
  'attributes.experiment_id',
  'attributes.lifecycle_stage',
  'attributes.artifact_uri',
  'children',
  'datasets',
  'models',
]
/** More are found by searching. */
const MOST_LISTED = 200

/** All columns there could be, and those that are shown in their order. */
export function ColumnChooser({ names, columns, onChange }: ChooserProps) {
  const [text, setText] = useState('')
  const groups = useMemo(() => groupsOf(names), [names])
  const chosen = useMemo(() => new Set(columns), [columns])
  const toggle = (list: readonly string[], on: boolean) => {
    const others = columns.filter((name) => !list.includes(name))
    onChange(on ? [...columns, ...list.filter((name) => !chosen.has(name))] : others)
  }
  return (
    <div class={styles.chooser}>
      <div class={styles.all}>
        <Input
          type="search"
          aria-label="Find a column"
          placeholder="Find a column"
          value={text}
          autofocus
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class={styles.list}>
          {groups.map((group) => (
            <Group key={group.title} {...group} text={text} chosen={chosen} onToggle={toggle} />
          ))}
        </div>
      </div>
      <Order columns={columns} onChange={onChange} />
    </div>
  )
}

function groupsOf(names: UsedNames): { title: string; names: string[] }[] {
  return [
    { title: 'Attributes', names: ATTRIBUTES },
    { title: 'Metrics', names: names.metrics.map((key) => columnName('metrics', key)) },
    { title: 'Params', names: names.params.map((key) => columnName('params', key)) },
    { title: 'Tags', names: names.tags.map((key) => columnName('tags', key)) },
  ]
}

function Group({
  title,
  names,
  text,
  chosen,
  onToggle,
}: {
  title: string
  names: readonly string[]
  text: string
  chosen: ReadonlySet<string>
  onToggle: (names: readonly string[], on: boolean) => void
}) {
  const wanted = text.trim().toLowerCase()
  const found = names.filter(
    (name) => !wanted || `${name} ${titleOf(column(name))}`.toLowerCase().includes(wanted),
  )
  if (found.length === 0) return null
  const on = found.filter((name) => chosen.has(name)).length
  return (
    <fieldset class={styles.group}>
      <legend>
        <Check
          label={`${title} (${count(found.length)})`}
          aria-label={`All ${title.toLowerCase()}`}
          checked={on === found.length}
          onCheck={(checked) => onToggle(found, checked)}
        />
      </legend>
      {found.slice(0, MOST_LISTED).map((name) => (
        <Check
          key={name}
          label={<span title={name}>{titleOf(column(name))}</span>}
          checked={chosen.has(name)}
          onCheck={(checked) => onToggle([name], checked)}
        />
      ))}
      {found.length > MOST_LISTED && (
        <p class="quiet">{count(found.length - MOST_LISTED)} more: search for them.</p>
      )}
    </fieldset>
  )
}

/** The columns that are shown: dragged, or moved by buttons. */
function Order({
  columns,
  onChange,
}: {
  columns: readonly string[]
  onChange: (columns: string[] | null) => void
}) {
  const [dragged, setDragged] = useState<number | null>(null)
  const list = columns.filter((name) => name !== NAME)
  const move = (from: number, to: number) => onChange([NAME, ...moved(list, from, to)])
  return (
    <div class={styles.order}>
      <div class={styles.orderHead}>
        <strong>Shown ({count(list.length)})</strong>
        <Button small onClick={() => onChange(null)}>
          As at first
        </Button>
      </div>
      <ol class={styles.list} aria-label="Order of columns">
        {list.map((name, index) => {
          const title = titleOf(column(name))
          return (
            <li
              key={name}
              draggable
              class={dragged === index ? styles.dragged : ''}
              onDragStart={() => setDragged(index)}
              onDragEnd={() => setDragged(null)}
              onDragOver={(event) => {
                event.preventDefault()
                if (dragged === null || dragged === index) return
                move(dragged, index)
                setDragged(index)
              }}
            >
              <Icon of={GripVertical} size={14} />
              <span class="ellipsis" title={name}>
                {title}
              </span>
              <IconButton
                small
                icon={ArrowUp}
                label={`Move ${title} up`}
                disabled={index === 0}
                onClick={() => move(index, index - 1)}
              />
              <IconButton
                small
                icon={ArrowDown}
                label={`Move ${title} down`}
                disabled={index === list.length - 1}
                onClick={() => move(index, index + 1)}
              />
              <IconButton
                small
                icon={X}
                label={`Hide ${title}`}
                onClick={() => onChange(columns.filter((each) => each !== name))}
              />
            </li>
          )
        })}
      </ol>
    </div>
  )
}
