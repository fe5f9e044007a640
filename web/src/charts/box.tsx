import { ChartCandlestick } from 'lucide'
import { useEffect, useMemo } from 'preact/hooks'
import { metric, plural } from '../lib/format'
import { Check } from '../ui/Field'
import { drawAxes } from './lib/axes'
import { boxOf, type BoxStatistics } from './lib/box'
import { scaleOf } from './lib/axisOf'
import type { Pen } from './lib/pen'
import { flagIn, textIn } from './lib/read'
import { categoryScale } from './lib/scale'
import type { Mark, Scene } from './lib/scene'
import type { Theme } from './lib/theme'
import { byNature, labelOf, shown } from './lib/values'
import { ColumnSelect } from './parts/ColumnSelect'
import { PlotCanvas } from './parts/PlotCanvas'
import { State } from './parts/State'
import { notesOf, useValues, type Table } from './parts/useValues'
import type { ChartKind, Picture, PlotProps } from './types'

export interface BoxOptions {
  /** what the runs are divided by */
  by: string
  value: string
  logY: boolean
}

interface Group {
  label: string
  places: number[]
  box: BoxStatistics
}

const MOST = 60

/** The runs by the value of a column, with statistics of each part. */
function groupsOf({ values: [by, value], runs }: Table): Group[] {
  const groups = new Map<string, number[]>()
  for (const place of runs.keys()) {
    if (!Number.isFinite(value!.numbers[place]!)) continue
    const label = shown(by!, place) || 'none'
    groups.set(label, [...(groups.get(label) ?? []), place])
  }
  return [...groups]
    .sort(([a], [b]) => byNature(a, b))
    .map(([label, places]) => ({
      label,
      places,
      box: boxOf(places.map((place) => value!.numbers[place]!))!,
    }))
}

function Plot(props: PlotProps<BoxOptions>) {
  const { options, height, onPicture } = props
  const { by, value, logY } = options
  const { table, error } = useValues(props, [by, value])
  const groups = useMemo(() => (table ? groupsOf(table) : null), [table])
  const picture = useMemo(
    () => (table && groups ? pictureOf(table, groups, logY) : null),
    [table, groups, logY],
  )
  useEffect(() => onPicture(picture), [picture, onPicture])
  const scene = useMemo(
    () => (pen: Pen, width: number, tall: number, theme: Theme) =>
      sceneOf(table!, groups!.slice(0, MOST), logY, pen, width, tall, theme),
    [table, groups, logY],
  )
  if (!by || !value) {
    return <State height={height}>Choose a value, and what the runs are divided by.</State>
  }
  if (!table || !groups || !picture) return <State height={height} error={error} waiting />
  if (groups.length === 0) return <State height={height}>No run here has {labelOf(value)}.</State>
  return <PlotCanvas {...props} runs={table.byId} summary={picture.summary} scene={scene} />
}

function sceneOf(
  table: Table,
  groups: readonly Group[],
  log: boolean,
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
): Scene {
  const [by, value] = table.values
  const axes = drawAxes(pen, {
    width,
    height,
    theme,
    x: { scale: categoryScale(groups.map((group) => group.label)), label: by!.label },
    y: { scale: scaleOf(value!, log), label: value!.label },
  })
  const part = axes.frame.width / groups.length
  const half = Math.min(26, part * 0.34)
  const marks = groups.map(({ label, box }, index): Mark => ({
    runId: null,
    x: axes.x(index) + half,
    y: axes.y(box.median),
    lines: [
      [by!.label, label],
      ['runs', String(box.count)],
      ['median', metric(box.median)],
      ['quarters', `${metric(box.quarter)} to ${metric(box.threeQuarters)}`],
      ['whiskers', `${metric(box.low)} to ${metric(box.high)}`],
      ['beyond', String(box.outliers.length)],
    ],
    box: {
      left: axes.x(index) - part / 2,
      top: axes.frame.top,
      width: part,
      height: axes.frame.height,
    },
  }))
  const draw = (target: Pen, index: number, width_: number) => {
    const { box, places } = groups[index]!
    const x = axes.x(index)
    const [low, q1, median, q3, high] = [
      box.low,
      box.quarter,
      box.median,
      box.threeQuarters,
      box.high,
    ].map(axes.y) as [number, number, number, number, number]
    const ink = { stroke: theme.ink, width: width_ }
    target.line([x, x], [high, q3], ink)
    target.line([x, x], [q1, low], ink)
    target.line([x - half / 2, x + half / 2], [high, high], ink)
    target.line([x - half / 2, x + half / 2], [low, low], ink)
    target.rect(x - half, q3, half * 2, Math.max(1, q1 - q3), { fill: theme.accent, alpha: 0.3 })
    target.rect(x - half, q3, half * 2, Math.max(1, q1 - q3), ink)
    target.line([x - half, x + half], [median, median], { stroke: theme.accent, width: 2.5 })
    const dots = places.length <= 40 ? places.map((place) => value!.numbers[place]!) : box.outliers
    for (const [order, number] of dots.entries()) {
      // beside each other, so that equal values are seen; always at the same place
      const aside = places.length <= 40 ? (((order * 7) % 11) / 11 - 0.45) * half : 0
      target.circle(x + aside, axes.y(number), 2, { fill: theme.quiet, alpha: 0.75 })
    }
  }
  for (const index of groups.keys()) draw(pen, index, 1.2)
  return { marks, emphasise: (over, index) => draw(over, index, 2) }
}

function pictureOf(table: Table, groups: readonly Group[], log: boolean): Picture {
  const [by, value] = table.values
  const counted = groups.reduce((sum, group) => sum + group.box.count, 0)
  const notes = notesOf(table, table.runs.length - counted, 'a value')
  if (groups.length > MOST) notes.push(`the first ${MOST} of ${groups.length} values`)
  return {
    summary: `Box chart of ${value!.label} by ${by!.label}, ${plural(counted, 'run')} in ${plural(groups.length, 'group')}`,
    notes,
    columns: [by!.label, 'Runs', 'Low', 'Quarter', 'Median', 'Three quarters', 'High', 'Beyond'],
    rows: () =>
      groups.map(({ label, box }) => [
        label,
        box.count,
        box.low,
        box.quarter,
        box.median,
        box.threeQuarters,
        box.high,
        box.outliers.length,
      ]),
    draw: (pen, width, height, theme) =>
      void sceneOf(table, groups.slice(0, MOST), log, pen, width, height, theme),
  }
}

export const box: ChartKind<BoxOptions> = {
  kind: 'box',
  label: 'Box',
  about: 'How a metric is spread for each value of a param',
  icon: ChartCandlestick,
  read: (given) => ({
    by: textIn(given, 'by'),
    value: textIn(given, 'value'),
    logY: flagIn(given, 'logY'),
  }),
  title: ({ by, value }) => (by && value ? `${labelOf(value)} by ${labelOf(by)}` : 'Box'),
  shows: ({ by, value }) => [value, by].filter(Boolean).map(labelOf),
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnSelect
        label="Value"
        value={options.value}
        names={names}
        onChoose={(value) => onChange({ value })}
      />
      <ColumnSelect
        label="Divided by"
        value={options.by}
        names={names}
        onChoose={(by) => onChange({ by })}
      />
      <Check label="Log y" checked={options.logY} onCheck={(logY) => onChange({ logY })} />
    </>
  ),
  Plot,
}
