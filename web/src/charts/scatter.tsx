import { ChartScatter } from 'lucide'
import { useEffect, useMemo } from 'preact/hooks'
import { plural } from '../lib/format'
import { Check } from '../ui/Field'
import { drawAxes } from './lib/axes'
import { scaleOf } from './lib/axisOf'
import type { Pen } from './lib/pen'
import { flagIn, textIn } from './lib/read'
import type { Mark, Scene } from './lib/scene'
import { shadingOf } from './lib/shade'
import type { Theme } from './lib/theme'
import { labelOf, shown } from './lib/values'
import { ColumnSelect } from './parts/ColumnSelect'
import styles from './parts/form.module.css'
import { PlotCanvas } from './parts/PlotCanvas'
import { ShadeKey } from './parts/ShadeKey'
import { State } from './parts/State'
import { notesOf, rowsOf, useValues, withRunIds, type Table } from './parts/useValues'
import type { ChartKind, Picture, PlotProps } from './types'

export interface ScatterOptions {
  x: string
  y: string
  /** empty: the colour of the run */
  colour: string
  logX: boolean
  logY: boolean
}

const KEY = 26

function Plot(props: PlotProps<ScatterOptions>) {
  const { options, height, onPicture } = props
  const chosen = [options.x, options.y, ...(options.colour ? [options.colour] : [])]
  const { table, error } = useValues(props, chosen)
  const picture = useMemo(() => (table ? pictureOf(table, options) : null), [table, options])
  useEffect(() => onPicture(picture), [picture, onPicture])
  const scene = useMemo(
    () => (pen: Pen, width: number, tall: number, theme: Theme) =>
      sceneOf(table!, options, pen, width, tall, theme),
    [table, options],
  )
  if (!options.x || !options.y) return <State height={height}>Choose what x and y are.</State>
  if (!table || !picture) return <State height={height} error={error} waiting />
  if (picture.rows().length === 0) {
    return (
      <State height={height}>
        No run here has both {labelOf(options.x)} and {labelOf(options.y)}.
      </State>
    )
  }
  const key = options.colour ? KEY : 0
  return (
    <>
      <PlotCanvas
        {...props}
        runs={table.byId}
        height={height - key}
        summary={picture.summary}
        scene={scene}
      />
      {key > 0 && <ShadeKey values={table.values[2]!} />}
    </>
  )
}

/** The runs that have both an x and a y. */
function placesOf({ values: [x, y] }: Table, { logX, logY }: ScatterOptions): number[] {
  const has = (value: number, log: boolean) => Number.isFinite(value) && (!log || value > 0)
  const places: number[] = []
  for (let place = 0; place < x!.numbers.length; place++) {
    if (has(x!.numbers[place]!, logX) && has(y!.numbers[place]!, logY)) places.push(place)
  }
  return places
}

function sceneOf(
  table: Table,
  options: ScatterOptions,
  pen: Pen,
  width: number,
  height: number,
  theme: Theme,
): Scene {
  const [x, y, colour] = table.values
  const axes = drawAxes(pen, {
    width,
    height,
    theme,
    x: { scale: scaleOf(x!, options.logX), label: x!.label },
    y: { scale: scaleOf(y!, options.logY), label: y!.label },
  })
  const places = placesOf(table, options)
  const shading = colour ? shadingOf(colour) : null
  const colourOf = (place: number) =>
    colour && shading
      ? shading.at(colour.numbers[place]!, theme.paperIs)
      : table.runs[place]!.colour
  const radius = places.length > 2000 ? 2.2 : places.length > 300 ? 3 : 4
  const alpha = places.length > 300 ? 0.65 : 0.9
  const marks = places.map((place): Mark => ({
    runId: table.runs[place]!.id,
    x: axes.x(x!.numbers[place]!),
    y: axes.y(y!.numbers[place]!),
    lines: table.values.map((values) => [values.label, shown(values, place)] as const),
  }))
  for (const [index, mark] of marks.entries()) {
    pen.circle(mark.x, mark.y, radius, { fill: colourOf(places[index]!), alpha })
  }
  return {
    marks,
    emphasise: (over, index) => {
      const mark = marks[index]!
      over.circle(mark.x, mark.y, radius + 3, {
        fill: colourOf(places[index]!),
        stroke: theme.ink,
        width: 1.5,
      })
    },
  }
}

function pictureOf(table: Table, options: ScatterOptions): Picture {
  const places = placesOf(table, options)
  const [x, y] = table.values
  const picture: Picture = {
    summary:
      `Scatter chart of ${y!.label} by ${x!.label}, ${plural(places.length, 'run')}` +
      (table.values[2] ? `, coloured by ${table.values[2].label}` : ''),
    notes: notesOf(table, table.runs.length - places.length, 'both values'),
    columns: ['Run', ...table.values.map((values) => values.label)],
    rows: () => rowsOf(table, places),
    draw: (pen, width, height, theme) => void sceneOf(table, options, pen, width, height, theme),
  }
  return withRunIds(picture, () => places.map((place) => table.runs[place]!.id))
}

export const scatter: ChartKind<ScatterOptions> = {
  kind: 'scatter',
  label: 'Scatter',
  about: 'One point per run: how two params or metrics go together',
  icon: ChartScatter,
  read: (given) => ({
    x: textIn(given, 'x'),
    y: textIn(given, 'y'),
    colour: textIn(given, 'colour'),
    logX: flagIn(given, 'logX'),
    logY: flagIn(given, 'logY'),
  }),
  title: ({ x, y }) => (x && y ? `${labelOf(y)} by ${labelOf(x)}` : 'Scatter'),
  shows: ({ x, y, colour }) => [x, y, colour].filter(Boolean).map(labelOf),
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnSelect label="X" value={options.x} names={names} onChoose={(x) => onChange({ x })} />
      <ColumnSelect label="Y" value={options.y} names={names} onChoose={(y) => onChange({ y })} />
      <ColumnSelect
        label="Colour"
        value={options.colour}
        names={names}
        none="Colour of the run"
        onChoose={(colour) => onChange({ colour })}
      />
      <div class={styles.row}>
        <Check label="Log x" checked={options.logX} onCheck={(logX) => onChange({ logX })} />
        <Check label="Log y" checked={options.logY} onCheck={(logY) => onChange({ logY })} />
      </div>
    </>
  ),
  Plot,
}
