import {
  ChevronDown,
  ChevronRight,
  Ellipsis,
  FileText,
  FlaskConical,
  Folder,
  FolderOpen,
  Pencil,
  Plus,
  RotateCcw,
  Tags,
  Trash2,
} from 'lucide'
import type { ComponentProps } from 'preact'
import { ago, count, moment, plural } from '../../lib/format'
import { paths } from '../../paths'
import { IconButton } from '../../ui/Button'
import { Icon } from '../../ui/Icon'
import { Menu, type MenuEntry } from '../../ui/Menu'
import { Skeleton } from '../../ui/Notes'
import { moveExperiments } from './actions'
import type { Opened } from './ExperimentDialogs'
import styles from './experiments.module.css'
import type { ExperimentRow, Figures, FolderRow, Item } from './tree'

export interface LineActions {
  /** there will be no figures */
  uncounted: boolean
  onToggle: (row: FolderRow) => void
  onOpen: (row: ExperimentRow) => void
  /** `range`: with all between it and the one before */
  onSelect: (row: ExperimentRow, range: boolean) => void
  onTag: (tag: string) => void
  onDialog: (opened: Opened) => void
}

type Place = Omit<ComponentProps<'div'>, 'children' | 'class'>
const INDENT = 20

/** A folder of experiments. */
export function FolderLine({
  row,
  place,
  uncounted,
  onToggle,
  onDialog,
}: LineActions & { row: FolderRow; place: Place }) {
  return (
    <div
      role="row"
      aria-expanded={row.open}
      class={`${styles.line} ${styles.row} ${styles.folder}`}
      onClick={() => onToggle(row)}
      {...place}
    >
      <span role="gridcell" />
      <span role="gridcell" class={styles.name} style={{ paddingLeft: row.depth * INDENT }}>
        <Icon of={row.open ? ChevronDown : ChevronRight} size={14} />
        <Icon of={row.open ? FolderOpen : Folder} size={15} />
        <span class="ellipsis">{row.label}</span>
      </span>
      <span role="gridcell" class={`${styles.tags} quiet`}>
        {plural(row.experiments, 'experiment')}
      </span>
      <FigureCells figures={row.figures} uncounted={uncounted} created={row.created} />
      <span role="gridcell" class={styles.actions} onClick={(event) => event.stopPropagation()}>
        <IconButton
          small
          icon={Plus}
          tabIndex={place.tabIndex}
          label={`New experiment in ${row.path}`}
          onClick={() => onDialog({ kind: 'create', folder: row.path })}
        />
      </span>
    </div>
  )
}

/** One experiment. */
export function ExperimentLine({
  row,
  place,
  uncounted,
  selected,
  onSelect,
  onTag,
  onDialog,
}: LineActions & { row: ExperimentRow; place: Place; selected: boolean }) {
  const { item } = row
  const inner = place.tabIndex // one row at a time is in the order of the Tab key
  const cut = row.label.lastIndexOf('/') + 1
  return (
    <div role="row" aria-selected={selected} class={`${styles.line} ${styles.row}`} {...place}>
      <span role="gridcell" class={styles.tick}>
        <input
          type="checkbox"
          aria-label={`Select ${item.name}`}
          tabIndex={inner}
          checked={selected}
          onClick={(event) => onSelect(row, event.shiftKey)}
        />
      </span>
      <span role="gridcell" class={styles.name} style={{ paddingLeft: row.depth * INDENT }}>
        <span class={styles.glyph}>
          <Icon of={FlaskConical} size={15} />
        </span>
        <a href={paths.experiment(item.id)} class="ellipsis" tabIndex={inner} title={item.name}>
          {cut > 0 && <span class="quiet">{row.label.slice(0, cut)}</span>}
          {row.label.slice(cut)}
        </a>
        <span class={`${styles.about} ellipsis`}>{firstLine(item.description)}</span>
      </span>
      <span role="gridcell" class={styles.tags}>
        {item.tags.map(({ key, value }) => (
          <button
            key={key}
            type="button"
            class={styles.tag}
            tabIndex={-1}
            title={`Show only those with ${key} = ${value}`}
            onClick={() => onTag(value ? `${key}=${value}` : key)}
          >
            <span class="quiet">{key}</span> {value}
          </button>
        ))}
      </span>
      <FigureCells figures={row.figures} uncounted={uncounted} created={row.created} />
      <span role="gridcell" class={styles.actions}>
        <Menu
          align="end"
          trigger={
            <IconButton small icon={Ellipsis} tabIndex={inner} label={`Actions for ${item.name}`} />
          }
          entries={entriesOf(item, onDialog)}
        />
      </span>
    </div>
  )
}

function entriesOf(item: Item, onDialog: (opened: Opened) => void): MenuEntry[] {
  if (item.deleted) {
    return [
      { label: 'Restore', icon: RotateCcw, onSelect: () => void moveExperiments([item], 'list') },
    ]
  }
  return [
    { label: 'Rename', icon: Pencil, onSelect: () => onDialog({ kind: 'rename', item }) },
    { label: 'Describe', icon: FileText, onSelect: () => onDialog({ kind: 'describe', item }) },
    { label: 'Edit tags', icon: Tags, onSelect: () => onDialog({ kind: 'tags', item }) },
    'line',
    {
      label: 'Delete',
      icon: Trash2,
      danger: true,
      onSelect: () => void moveExperiments([item], 'bin'),
    },
  ]
}

function FigureCells({
  figures,
  uncounted,
  created,
}: {
  figures: Figures | null
  uncounted: boolean
  created: number
}) {
  return (
    <>
      <span role="gridcell" class="number">
        {figures ? (
          <>
            {figures.running > 0 && (
              <span class={styles.running} title={`${plural(figures.running, 'run')} running`}>
                {count(figures.running)} running
              </span>
            )}
            {count(figures.runs)}
          </>
        ) : (
          <Missing uncounted={uncounted} width={36} />
        )}
      </span>
      <span role="gridcell" class="number">
        {figures ? <Time of={figures.last} /> : <Missing uncounted={uncounted} width={70} />}
      </span>
      <span role="gridcell" class="number quiet">
        <Time of={created} />
      </span>
    </>
  )
}

function Missing({ uncounted, width }: { uncounted: boolean; width: number }) {
  return uncounted ? <span class="quiet">–</span> : <Skeleton width={width} />
}

function Time({ of }: { of: number | null }) {
  if (!of) return <span class="quiet">never</span>
  return <time title={moment(of)}>{ago(of)}</time>
}

/** The beginning of a description without the marks of Markdown. */
function firstLine(text: string): string {
  const line = text.split('\n').find((each) => each.trim() && !each.startsWith('#')) ?? ''
  return line.replace(/[*_`#>]|\[([^\]]*)\]\([^)]*\)/g, '$1').trim()
}
