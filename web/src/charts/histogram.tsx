import { ChartColumn } from 'lucide'
import { useEffect, useMemo } from 'preact/hooks'
import { metric, plural } from '../lib/format'
import { Check, Field, Input } from '../ui/Field'
import { drawAxes } from './lib/axes'
import { scaleOf } from './lib/axisOf'
import { binCount, binned, type Bin } from './lib/bins'
import type { Pen } from './lib/pen'
import { flagIn, numberIn, textIn } from './lib/read'
import { linearScale } from './lib/scale'
import type { Mark, Scene } from './lib/scene'
import type { Theme } from './lib/theme'
import { labelOf, type Values } from './lib/values'
import { ColumnSelect } from './parts/ColumnSelect'
import { PlotCanvas } from './parts/PlotCanvas'
import { State } from './parts/State'
import { notesOf, useValues, type Table } from './parts/useValues'
import type { ChartKind, Picture, PlotProps } from './types'

export interface HistogramOptions {
  column: string
  /** 0: as many as suit the number of runs */
  bins: number
  logX: boolean
}

/** Bins of numbers, or one for each category. */
function binsOf(values: Values, { bins, logX }: HistogramOptions): (Bin & { label: string })[] {
  if (!values.numeric) {
    return values.categories.map((label, category) => ({
      label,
      from: category,
      to: category,
      members: [...values.numbers.keys()].filter((place) => values.numbers[place] === category),
    }))
  }
  const many = bins || binCount(values.numbers.length)
  return binned(values.numbers, many, logX).map((bin) => ({
    ...bin,
    label: `${metric(Number(bin.from.toPrecision(4)))} to ${metric(Number(bin.to.toPrecision(4)))}`,
  }))
}

type Bins = ReturnType<typeof binsOf>

function Plot(props: PlotProps<HistogramOptions>) {
  const { options, height, onPicture } = props
  const { table, error } = useValues(props, [options.column])
  const { logX } = options
  const bins = useMemo(() => (table ? binsOf(table.values[0]!, options) : null), [table, options])
  const picture = useMemo(
    () => (table && bins ? pictureOf(table, bins, logX) : null),
    [table, bins, logX],
  )
  useEffect(() => onPicture(picture), [picture, onPicture])
  const scene = useMemo(
    () => (pen: Pen, width: number, tall: number, theme: Theme) =>
      sceneOf(table!.values[0]!, bins!, logX, pen, width, tall, theme),
    [table, bins, logX],
  )
  if (!options.column) return <State height={height}>Choose what is counted.</State>
  if (!table || !bins || !picture) return <State height={height} error={error} waiting />
  if (bins.length === 0) {
    return <State height={height}>No run here has {labelOf(options.column)}.</State>
  }
  return <PlotCanvas {...props} runs={table.byId} summary={picture.summary} scene={scene} />
}

function sceneOf(
  values: Values,
  bins: Bins,
  log: boolean,
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
): Scene {
  const most = Math.max(...bins.map((bin) => bin.members.length))
  const axes = drawAxes(pen, {
    width,
    height,
    theme,
    x: { scale: scaleOf(values, log), label: values.label },
    y: { scale: linearScale(0, most * 1.05), label: 'runs' },
  })
  const marks = bins.map(({ from, to, members, label }): Mark => {
    const left = values.numeric ? axes.x(from) : axes.x(from) - axes.frame.width / bins.length / 2
    const right = values.numeric ? axes.x(to) : left + axes.frame.width / bins.length
    const top = axes.y(members.length)
    const bottom = axes.frame.top + axes.frame.height
    return {
      runId: null,
      x: (left + right) / 2,
      y: top,
      lines: [
        [values.label, label],
        ['runs', String(members.length)],
      ],
      box: { left, top: axes.frame.top, width: right - left, height: bottom - axes.frame.top },
    }
  })
  const fill = (target: Pen, index: number, stroke?: string) => {
    const { box, y } = marks[index]!
    const bottom = axes.frame.top + axes.frame.height
    if (y >= bottom) return
    target.rect(box!.left + 1, y, Math.max(1, box!.width - 2), bottom - y, {
      fill: theme.accent,
      stroke,
      alpha: stroke ? 1 : 0.8,
    })
  }
  for (const index of marks.keys()) fill(pen, index)
  return { marks, emphasise: (over, index) => fill(over, index, theme.ink) }
}

function pictureOf(table: Table, bins: Bins, log: boolean): Picture {
  const values = table.values[0]!
  const counted = bins.reduce((sum, bin) => sum + bin.members.length, 0)
  return {
    summary: `Histogram of ${values.label}, ${plural(counted, 'run')} in ${plural(bins.length, 'bin')}`,
    notes: notesOf(table, table.runs.length - counted, 'a value'),
    columns: [values.label, 'Runs'],
    rows: () => bins.map((bin) => [bin.label, bin.members.length]),
    draw: (pen, width, height, theme) => void sceneOf(values, bins, log, pen, width, height, theme),
  }
}

export const histogram: ChartKind<HistogramOptions> = {
  kind: 'histogram',
  label: 'Histogram',
  about: 'How the values of a metric or param are spread over the runs',
  icon: ChartColumn,
  read: (given) => ({
    column: textIn(given, 'column'),
    bins: Math.min(200, Math.max(0, Math.round(numberIn(given, 'bins', 0)))),
    logX: flagIn(given, 'logX'),
  }),
  title: ({ column }) => (column ? `Spread of ${labelOf(column)}` : 'Histogram'),
  shows: ({ column }) => (column ? [labelOf(column)] : []),
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnSelect
        label="Value"
        value={options.column}
        names={names}
        onChoose={(column) => onChange({ column })}
      />
      <Field label="Bins (empty: as many as suit)">
        <Input
          type="number"
          min={1}
          max={200}
          value={options.bins || ''}
          onChange={(event) => onChange({ bins: Number(event.currentTarget.value) || 0 })}
        />
      </Field>
      <Check label="Log x" checked={options.logX} onCheck={(logX) => onChange({ logX })} />
    </>
  ),
  Plot,
}
