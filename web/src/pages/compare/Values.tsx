import { ArrowDownUp, ChevronDown, ChevronRight, Download, Search, Trophy } from 'lucide'
import { useMemo, useState } from 'preact/hooks'
import { plural } from '../../lib/format'
import {
  best,
  difference,
  matching,
  rowsOf,
  SECTION_LABELS,
  SECTIONS,
  shown,
  smallIsGood,
  sortedBy,
  type CompareRow,
  type Section,
} from '../../lib/compare'
import { csv } from '../../lib/csv'
import { FUNCTIONS } from '../../lib/columns'
import { save } from '../../lib/save'
import { Button, IconButton } from '../../ui/Button'
import { Check, Input } from '../../ui/Field'
import { Grid, type GridCell } from '../../ui/Grid'
import { Icon } from '../../ui/Icon'
import { Empty, Skeleton } from '../../ui/Notes'
import styles from './compare.module.css'
import type { PartProps } from './ComparePage'
import { Pick } from './Pick'
import { RunHead } from './RunHead'

type Line = { section: Section; count: number; differing: number } | CompareRow

const FIRST = 250
const WIDE = 210
const NARROW = 170
/** for few runs, and with room for the difference to the baseline */
const WIDEST = 250

/** All that was logged, a row per name and a column per run. */
export function Values({ state, change, compared, runs }: PartProps) {
  const [words, setWords] = useState('')
  const all = useMemo(() => (compared.values ? rowsOf(compared.values) : null), [compared.values])
  const kept = useMemo(() => {
    const found = matching(all ?? [], words)
    return state.differ ? found.filter((row) => row.differs) : found
  }, [all, words, state.differ])
  const lines = useMemo(() => linesOf(kept, state.folded), [kept, state.folded])
  const baseline = runs.findIndex(({ id }) => id === state.baseline)
  const marks = useMemo(
    () =>
      new Map(
        kept.flatMap((row) => {
          if (row.section !== 'metrics') return []
          const small = smallIsGood(row.label) !== state.flipped.includes(row.label)
          return [[row.id, { small, best: best(row.values, small) }] as const]
        }),
      ),
    [kept, state.flipped],
  )
  const width = baseline >= 0 || runs.length < 5 ? WIDEST : runs.length > 8 ? NARROW : WIDE
  const columns = useMemo(
    () => Array.from({ length: runs.length }, () => width),
    [runs.length, width],
  )
  const fold = (section: Section) =>
    change({
      folded: state.folded.includes(section)
        ? state.folded.filter((each) => each !== section)
        : [...state.folded, section],
    })
  const flip = (name: string) =>
    change({
      flipped: state.flipped.includes(name)
        ? state.flipped.filter((each) => each !== name)
        : [...state.flipped, name],
    })
  const sort = ({ values }: CompareRow) => {
    const ids = runs.map(({ id }) => id)
    change({ ids: [...sortedBy(ids, values), ...compared.missing] })
  }
  const download = () => {
    const rows = kept.map((row) => [SECTION_LABELS[row.section], row.label, ...row.values])
    const names = runs.map(({ name, id }) => `${name} (${id})`)
    const text = csv(['section', 'name', ...names], rows)
    save(new Blob([text], { type: 'text/csv' }), 'comparison.csv')
  }
  return (
    <>
      <div class={styles.tools}>
        <span class={styles.find}>
          <Icon of={Search} size={14} />
          <Input
            type="search"
            aria-label="Search rows"
            placeholder="Search names and values"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </span>
        <Check
          label="Show only differences"
          checked={state.differ}
          onCheck={(differ) => change({ differ })}
        />
        <Pick
          label="Metrics by"
          value={state.of}
          choices={FUNCTIONS.map((value) => ({ value, label: value }))}
          onChoose={(of) => change({ of })}
        />
        <Pick
          label="Baseline"
          value={baseline >= 0 ? state.baseline : ''}
          choices={[
            { value: '', label: 'none' },
            ...runs.map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChoose={(id) => change({ baseline: id })}
        />
        <span class={styles.right}>
          {all && (
            <span class="quiet" role="status">
              {plural(all.filter((row) => row.differs).length, 'row')} of {all.length} differ
            </span>
          )}
          <Button icon={Download} disabled={!all} onClick={download}>
            CSV
          </Button>
        </span>
      </div>
      {all && kept.length === 0 ? (
        <Empty title={state.differ && !words ? 'These runs do not differ' : 'No row fits'}>
          <p>
            {words
              ? 'No name and no value has these words.'
              : 'All that these runs logged is the same. Show all rows to see it.'}
          </p>
          <Button
            onClick={() => {
              setWords('')
              change({ differ: false })
            }}
          >
            Show all rows
          </Button>
        </Empty>
      ) : (
        <Grid
          class={styles.values}
          label="Values of the runs"
          rows={all ? lines.length : 14}
          columns={columns}
          first={FIRST}
          head={62}
          corner={<span class="quiet">{plural(runs.length, 'run')}</span>}
          columnHead={(at) => ({
            class: styles.runHead,
            content: <RunHead run={runs[at]!} ids={state.ids} state={state} change={change} />,
          })}
          wide={(at) => {
            const line = lines[at]
            if (!line || 'values' in line) return null
            return <SectionHead line={line} folded={state.folded} onFold={fold} />
          }}
          rowClass={(at) => {
            const line = lines[at]
            return line && 'values' in line && !line.differs ? styles.equal : undefined
          }}
          rowHead={(at) => {
            const line = lines[at]
            if (!line || !('values' in line)) return { content: <Skeleton width="60%" /> }
            return nameCell(line, marks.get(line.id)?.small, flip, sort)
          }}
          cell={(at, column) => {
            const line = lines[at]
            if (!line || !('values' in line)) return { content: <Skeleton width="50%" /> }
            const isBest = marks.get(line.id)?.best.has(column) ?? false
            return valueCell(line, column, baseline, isBest, marks.get(line.id)?.small ?? false)
          }}
        />
      )}
    </>
  )
}

/** Sections with their rows; those of folded ones are left out. */
function linesOf(rows: readonly CompareRow[], folded: readonly string[]): Line[] {
  const lines: Line[] = []
  for (const section of SECTIONS) {
    const own = rows.filter((row) => row.section === section)
    if (own.length === 0) continue
    const differing = own.filter((row) => row.differs).length
    lines.push({ section, count: own.length, differing })
    if (!folded.includes(section)) lines.push(...own)
  }
  return lines
}

function SectionHead({
  line: { section, count, differing },
  folded,
  onFold,
}: {
  line: { section: Section; count: number; differing: number }
  folded: readonly string[]
  onFold: (section: Section) => void
}) {
  const open = !folded.includes(section)
  return (
    <button
      type="button"
      class={styles.section}
      aria-expanded={open}
      onClick={() => onFold(section)}
    >
      <Icon of={open ? ChevronDown : ChevronRight} size={14} />
      <strong>{SECTION_LABELS[section]}</strong>
      <span class="quiet">
        {count}, {differing === 0 ? 'all the same' : `${differing} differ`}
      </span>
    </button>
  )
}

function nameCell(
  row: CompareRow,
  small: boolean | undefined,
  onFlip: (name: string) => void,
  onSort: (row: CompareRow) => void,
): GridCell {
  const { label, section, differs } = row
  return {
    title: label,
    class: differs ? styles.differs : undefined,
    content: (
      <>
        <span class={styles.mark} title={differs ? 'differs' : 'the same in all runs'}>
          <span aria-hidden="true">{differs ? '≠' : '='}</span>
          <span class="aside">{differs ? 'differs:' : 'the same:'}</span>
        </span>
        {differs ? (
          <button
            type="button"
            class={`ellipsis ${styles.sort}`}
            title={`Sort runs by ${label}`}
            onClick={() => onSort(row)}
          >
            {label}
          </button>
        ) : (
          <span class="ellipsis">{label}</span>
        )}
        {section === 'metrics' && differs && small !== undefined && (
          <IconButton
            small
            class={styles.flip}
            icon={ArrowDownUp}
            label={`${small ? 'Lowest' : 'Highest'} ${label} is best; change`}
            onClick={() => onFlip(label)}
          />
        )}
      </>
    ),
  }
}

function valueCell(
  { values, section, differs }: CompareRow,
  column: number,
  baseline: number,
  isBest: boolean,
  small: boolean,
): GridCell {
  const value = values[column] ?? null
  const text = shown(value)
  const base = baseline >= 0 ? (values[baseline] ?? null) : null
  const other = baseline >= 0 && differs && column !== baseline && !Object.is(value, base)
  const by = other && section === 'metrics' ? difference(value, base) : ''
  return {
    title: typeof value === 'number' ? `${value}${by && `, ${by}`}` : text,
    class: section === 'metrics' ? styles.number : undefined,
    content: (
      <>
        {isBest && (
          <span class={styles.best}>
            <Icon of={Trophy} size={12} />
            {small ? 'lowest' : 'highest'}
          </span>
        )}
        {value === null ? (
          <span class={styles.absent}>{other && section !== 'metrics' && '≠ '}–</span>
        ) : (
          <span class={`ellipsis ${by ? styles.whole : ''} ${other ? styles.other : ''}`}>
            {other && !by && <span aria-hidden="true">≠ </span>}
            {text}
          </span>
        )}
        {by && <small class={`ellipsis ${styles.by}`}>{by}</small>}
      </>
    ),
  }
}
