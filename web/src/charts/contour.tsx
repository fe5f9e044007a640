import { contours } from 'd3-contour'
import { Layers } from 'lucide'
import { useEffect, useMemo } from 'preact/hooks'
import { plural } from '../lib/format'
import { Check } from '../ui/Field'
import { drawAxes } from './lib/axes'
import { scaleOf } from './lib/axisOf'
import { surfaceOf } from './lib/interpolate'
import type { Pen } from './lib/pen'
import { flagIn, textIn } from './lib/read'
import type { Mark, Scene } from './lib/scene'
import { shade } from './lib/shade'
import type { Theme } from './lib/theme'
import { extent, labelOf, shown } from './lib/values'
import { ColumnSelect } from './parts/ColumnSelect'
import styles from './parts/form.module.css'
import { PlotCanvas } from './parts/PlotCanvas'
import { ShadeKey } from './parts/ShadeKey'
import { State } from './parts/State'
import { notesOf, rowsOf, useValues, withRunIds, type Table } from './parts/useValues'
import type { ChartKind, Picture, PlotProps } from './types'

export interface ContourOptions {
  x: string
  y: string
  z: string
  logX: boolean
  logY: boolean
}

const COLUMNS = 90
const ROWS = 70
const LEVELS = 12
const KEY = 26
const LEAST = 3

function Plot(props: PlotProps<ContourOptions>) {
  const { options, height, onPicture } = props
  const { x, y, z, logX, logY } = options
  const { table, error } = useValues(props, [x, y, z])
  const picture = useMemo(
    () => (table ? pictureOf(table, { logX, logY }) : null),
    [table, logX, logY],
  )
  useEffect(() => onPicture(picture), [picture, onPicture])
  const scene = useMemo(
    () => (pen: Pen, width: number, tall: number, theme: Theme) =>
      sceneOf(table!, { logX, logY }, pen, width, tall, theme),
    [table, logX, logY],
  )
  if (!x || !y || !z) return <State height={height}>Choose x, y and the value.</State>
  if (!table || !picture) return <State height={height} error={error} waiting />
  if (placesOf(table, options).length < LEAST) {
    return (
      <State height={height}>
        A contour needs {LEAST} runs with {labelOf(x)}, {labelOf(y)} and {labelOf(z)}.
      </State>
    )
  }
  return (
    <>
      <PlotCanvas
        {...props}
        runs={table.byId}
        height={height - KEY}
        summary={picture.summary}
        scene={scene}
      />
      <ShadeKey values={table.values[2]!} log={false} />
    </>
  )
}

type Logs = Pick<ContourOptions, 'logX' | 'logY'>

function placesOf({ values: [x, y, z] }: Table, { logX, logY }: Logs): number[] {
  const has = (value: number, log: boolean) => Number.isFinite(value) && (!log || value > 0)
  return [...z!.numbers.keys()].filter(
    (place) =>
      has(x!.numbers[place]!, logX) &&
      has(y!.numbers[place]!, logY) &&
      Number.isFinite(z!.numbers[place]!),
  )
}

function sceneOf(
  table: Table,
  logs: Logs,
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
): Scene {
  const [x, y, z] = table.values
  const places = placesOf(table, logs)
  const [scaleX, scaleY] = [scaleOf(x!, logs.logX), scaleOf(y!, logs.logY)]
  const range = extent(places.map((place) => z!.numbers[place]!)) ?? [0, 1]
  const axes = drawAxes(pen, {
    width,
    height,
    theme,
    x: { scale: scaleX, label: x!.label },
    y: { scale: scaleY, label: y!.label },
  })
  const { frame } = axes
  const surface = surfaceOf(
    places.map((place) => scaleX.at(x!.numbers[place]!)),
    places.map((place) => scaleY.at(y!.numbers[place]!)),
    places.map((place) => z!.numbers[place]!),
    COLUMNS,
    ROWS,
  )
  // cells without a value must not be a level of their own
  const floor = range[0] - (range[1] - range[0] || 1)
  const cells = Array.from(surface.values, (value) => (Number.isNaN(value) ? floor : value))
  const step = (range[1] - range[0]) / LEVELS
  const levels = Array.from({ length: LEVELS }, (_, level) => range[0] + step * level)
  // the lowest level includes what equals it
  levels[0] = range[0] - Math.abs(step) * 1e-6
  for (const level of contours().size([COLUMNS, ROWS]).thresholds(levels)(cells)) {
    const rings = level.coordinates
      .flat()
      .map((ring) =>
        ring.map(([column, row]) => [
          frame.left + ((column! - 0.5) / (COLUMNS - 1)) * frame.width,
          frame.top + (1 - (row! - 0.5) / (ROWS - 1)) * frame.height,
        ]),
      )
    pen.rings(rings, { fill: shade(level.value + step / 2, range, theme.paperIs) })
  }
  const marks = places.map((place): Mark => ({
    runId: table.runs[place]!.id,
    x: axes.x(x!.numbers[place]!),
    y: axes.y(y!.numbers[place]!),
    lines: table.values.map((values) => [values.label, shown(values, place)] as const),
  }))
  const small = marks.length > 400
  const dot = (target: Pen, index: number, radius: number, bare = false) =>
    target.circle(marks[index]!.x, marks[index]!.y, radius, {
      fill: shade(z!.numbers[places[index]!]!, range, theme.paperIs),
      stroke: theme.paperIs === 'dark' ? '#ffffff' : theme.ink,
      width: bare ? 0.4 : 1,
    })
  for (const index of marks.keys()) dot(pen, index, small ? 1.6 : 3, small)
  return { marks, emphasise: (over, index) => dot(over, index, 6) }
}

function pictureOf(table: Table, logs: Logs): Picture {
  const [x, y, z] = table.values
  const places = placesOf(table, logs)
  const picture: Picture = {
    summary: `Contour chart of ${z!.label} by ${x!.label} and ${y!.label}, ${plural(places.length, 'run')}`,
    notes: [
      'Between runs by straight planes, nothing beyond them',
      ...notesOf(table, table.runs.length - places.length, 'all three values'),
    ],
    columns: ['Run', x!.label, y!.label, z!.label],
    rows: () => rowsOf(table, places),
    draw: (pen, width, height, theme) => void sceneOf(table, logs, pen, width, height, theme),
  }
  return withRunIds(picture, () => places.map((place) => table.runs[place]!.id))
}

export const contour: ChartKind<ContourOptions> = {
  kind: 'contour',
  label: 'Contour',
  about: 'A metric as a landscape over two params',
  icon: Layers,
  read: (given) => ({
    x: textIn(given, 'x'),
    y: textIn(given, 'y'),
    z: textIn(given, 'z'),
    logX: flagIn(given, 'logX'),
    logY: flagIn(given, 'logY'),
  }),
  title: ({ x, y, z }) =>
    x && y && z ? `${labelOf(z)} over ${labelOf(x)} and ${labelOf(y)}` : 'Contour',
  shows: ({ x, y, z }) => [z, x, y].filter(Boolean).map(labelOf),
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnSelect label="X" value={options.x} names={names} onChoose={(x) => onChange({ x })} />
      <ColumnSelect label="Y" value={options.y} names={names} onChoose={(y) => onChange({ y })} />
      <ColumnSelect
        label="Value"
        value={options.z}
        names={names}
        onChoose={(z) => onChange({ z })}
      />
      <div class={styles.row}>
        <Check label="Log x" checked={options.logX} onCheck={(logX) => onChange({ logX })} />
        <Check label="Log y" checked={options.logY} onCheck={(logY) => onChange({ logY })} />
      </div>
    </>
  ),
  Plot,
}
