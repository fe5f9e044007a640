import { ArrowDown, ArrowUp, Slice } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { plural } from '../lib/format'
import { columnName } from '../lib/columns'
import { IconButton } from '../ui/Button'
import { Check } from '../ui/Field'
import { moved } from './lib/arrange'
import { scaleOf, wantsLog } from './lib/axisOf'
import { brushed, brushesIn, draggedTo, isInside, type Brushes } from './lib/brush'
import { parallelScene, type Parallel, type ParallelScene } from './lib/parallelScene'
import type { Pen } from './lib/pen'
import { textIn, textsIn } from './lib/read'
import type { Scene } from './lib/scene'
import { NO_SHADE, shadingOf } from './lib/shade'
import { useSame } from './lib/useSame'
import type { Theme } from './lib/theme'
import { labelOf, shown } from './lib/values'
import { ColumnChecks } from './parts/ColumnChecks'
import { ColumnSelect } from './parts/ColumnSelect'
import styles from './parts/form.module.css'
import { PlotCanvas } from './parts/PlotCanvas'
import { RangeFields } from './parts/RangeFields'
import { ShadeKey } from './parts/ShadeKey'
import { State } from './parts/State'
import { notesOf, useValues, withRunIds, type Table } from './parts/useValues'
import type { ChartKind, Picture, PlotProps } from './types'

export interface ParallelOptions {
  /** names of columns from left to right */
  axes: string[]
  /** empty: the last axis */
  colour: string
  /** axes whose scale is turned from what suits them: log, or not log */
  turned: string[]
  /** column → range of places from 0 to 1 */
  brushes: Record<string, [number, number]>
}

const KEY = 26

function colourColumn({ axes, colour }: ParallelOptions): string {
  return colour || (axes.at(-1) ?? '')
}

/** The plot with its axes in an order that a drag may have changed. */
function plotOf(
  { runs, values: given }: Table,
  { axes: asked, turned }: ParallelOptions,
  axes: readonly string[],
  brushes: Brushes,
): Parallel {
  const coloured = given.at(-1)!
  const shading = shadingOf(coloured)
  const values = axes.map((name) => given[asked.indexOf(name)]!)
  return {
    axes,
    values,
    scales: axes.map((name, axis) =>
      scaleOf(values[axis]!, wantsLog(values[axis]!) !== turned.includes(name), false),
    ),
    ids: runs.map((run) => run.id),
    colourOf: (run, paper) => shading?.at(coloured.numbers[run]!, paper) ?? NO_SHADE,
    brushes,
  }
}

function Plot(props: PlotProps<ParallelOptions>) {
  const { options, height, onChange, onPicture } = props
  const { table, error } = useValues(props, [...options.axes, colourColumn(options)])
  const drag = useDrag(options, onChange)
  const axes = useSame(drag.axes ?? options.axes)
  const brushes = useSame(drag.brushes)
  const plot = useMemo(
    () => (table && options.axes.length > 1 ? plotOf(table, options, axes, brushes) : null),
    [table, options, axes, brushes],
  )
  const picture = useMemo(() => (table && plot ? pictureOf(table, plot) : null), [table, plot])
  useEffect(() => onPicture(picture), [picture, onPicture])
  const scene = useMemo(
    () => (pen: Pen, width: number, tall: number, theme: Theme) =>
      parallelScene(plot!, pen, width, tall, theme),
    [plot],
  )
  if (options.axes.length < 2) {
    return <State height={height}>Choose at least two axes.</State>
  }
  if (!table || !plot || !picture) return <State height={height} error={error} waiting />
  return (
    <>
      <PlotCanvas
        {...props}
        runs={table.byId}
        height={height - KEY}
        summary={picture.summary}
        scene={scene}
        onPointer={drag.onPointer}
      />
      <ShadeKey values={table.values.at(-1)!} />
    </>
  )
}

type Dragging =
  | { what: 'brush'; axis: string; from: number; to: number }
  | { what: 'axis'; axis: string; place: number }

/** Dragging along an axis brushes it, dragging its name moves it. */
function useDrag(options: ParallelOptions, onChange: (changes: Partial<ParallelOptions>) => void) {
  const [dragging, setDragging] = useState<Dragging | null>(null)
  const latest = useRef<Dragging | null>(null)
  const change = (next: Dragging | null) => {
    latest.current = next
    setDragging(next)
  }
  const { axes, brushes } = options
  const onPointer = (event: PointerEvent, left: number, top: number, scene: Scene): boolean => {
    const { at, top: first, bottom } = scene as ParallelScene
    const place = (bottom - top) / (bottom - first)
    const width = (event.currentTarget as HTMLElement).clientWidth
    const now = latest.current
    if (event.type === 'pointerdown') {
      const axis = at.findIndex((x) => Math.abs(x - left) < (top < first - 4 ? 40 : 12))
      if (axis < 0) return false
      ;(event.currentTarget as HTMLElement).setPointerCapture(event.pointerId)
      const name = axes[axis]!
      change(
        top < first - 4
          ? { what: 'axis', axis: name, place: left / width }
          : { what: 'brush', axis: name, from: place, to: place },
      )
      return true
    }
    if (!now) return false
    if (event.type === 'pointermove') {
      change(now.what === 'brush' ? { ...now, to: place } : { ...now, place: left / width })
      return true
    }
    change(null)
    if (now.what === 'brush') {
      onChange({
        brushes: brushed(brushes, now.axis, now.from, now.to) as ParallelOptions['brushes'],
      })
    } else onChange({ axes: draggedTo(axes, now.axis, now.place) })
    return true
  }
  return {
    onPointer,
    brushes:
      dragging?.what === 'brush'
        ? brushed(brushes, dragging.axis, dragging.from, dragging.to)
        : brushes,
    axes: dragging?.what === 'axis' ? draggedTo(axes, dragging.axis, dragging.place) : null,
  }
}

function pictureOf(table: Table, plot: Parallel): Picture {
  const inside = plot.ids.map((_, run) =>
    isInside(
      plot.axes,
      (axis) => plot.scales[axis]!.at(plot.values[axis]!.numbers[run]!),
      plot.brushes,
    ),
  )
  const many = inside.filter(Boolean).length
  const labels = plot.values.map((values) => values.label)
  const notes = notesOf(table, 0, '')
  if (many < plot.ids.length)
    notes.push(`${many} of ${plural(plot.ids.length, 'run')} inside of the brushes`)
  const picture: Picture = {
    summary: `Parallel coordinates of ${labels.join(', ')}, ${plural(many, 'run')}`,
    notes,
    columns: ['Run', ...labels],
    rows: () =>
      plot.ids.flatMap((_, run) =>
        inside[run]
          ? [[table.runs[run]!.name, ...plot.values.map((values) => shown(values, run))]]
          : [],
      ),
    draw: (pen, width, height, theme) => void parallelScene(plot, pen, width, height, theme),
  }
  return withRunIds(picture, () => plot.ids.filter((_, run) => inside[run]))
}

export const parallel: ChartKind<ParallelOptions> = {
  kind: 'parallel',
  label: 'Parallel coordinates',
  about: 'Many params and metrics at once: which values lead to good runs',
  icon: Slice,
  read: (given) => ({
    axes: [...new Set(textsIn(given, 'axes'))],
    colour: textIn(given, 'colour'),
    turned: textsIn(given, 'turned'),
    brushes: brushesIn(given),
  }),
  title: () => 'Parallel coordinates',
  shows: ({ axes }) => axes.map(labelOf),
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnChecks
        label="Axes"
        choices={[
          ...names.params.map((key) => columnName('params', key)),
          ...names.metrics.map((key) => columnName('metrics', key)),
        ]}
        chosen={options.axes}
        nameOf={labelOf}
        most={20}
        onChoose={(axes) => onChange({ axes })}
      />
      <ol class={styles.order} aria-label="Order of the axes">
        {options.axes.map((name, index) => (
          <AxisRow key={name} {...{ name, index, options, onChange }} />
        ))}
      </ol>
      <ColumnSelect
        label="Colour"
        value={options.colour}
        names={names}
        none="The last axis"
        onChoose={(colour) => onChange({ colour })}
      />
    </>
  ),
  Plot,
}

function AxisRow({
  name,
  index,
  options: { axes, turned, brushes },
  onChange,
}: {
  name: string
  index: number
  options: ParallelOptions
  onChange: (changes: Partial<ParallelOptions>) => void
}) {
  const label = labelOf(name)
  return (
    <li>
      <div class={styles.row}>
        <span class={`ellipsis ${styles.grow}`}>{label}</span>
        <Check
          label="Other scale"
          title="Log where it is not, and the other way round"
          aria-label={`Other scale for ${label}`}
          checked={turned.includes(name)}
          onCheck={(checked) =>
            onChange({
              turned: checked ? [...turned, name] : turned.filter((each) => each !== name),
            })
          }
        />
        <IconButton
          small
          icon={ArrowUp}
          label={`Move ${label} to the left`}
          disabled={index === 0}
          onClick={() => onChange({ axes: moved(axes, index, index - 1) })}
        />
        <IconButton
          small
          icon={ArrowDown}
          label={`Move ${label} to the right`}
          disabled={index === axes.length - 1}
          onClick={() => onChange({ axes: moved(axes, index, index + 1) })}
        />
      </div>
      {brushes[name] && (
        <RangeFields
          label={`Brush on ${label} (0 to 1)`}
          range={brushes[name]}
          onRange={(range) =>
            onChange({
              brushes: brushed(brushes, name, ...(range ?? ([0, 0] as const))) as Record<
                string,
                [number, number]
              >,
            })
          }
        />
      )}
    </li>
  )
}
