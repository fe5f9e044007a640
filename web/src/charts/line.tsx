import { ChartLine } from 'lucide'
import { Check, Field, Input, Select } from '../ui/Field'
import { rangeIn, choiceIn, flagIn, numberIn, textIn, textsIn, type Range } from './lib/read'
import type { Band } from './lib/lines'
import { column } from '../lib/columns'
import { ColumnChecks } from './parts/ColumnChecks'
import { RangeFields } from './parts/RangeFields'
import { LinePlot } from './parts/LinePlot'
import type { ChartKind } from './types'
import styles from './parts/form.module.css'

export interface LineOptions {
  metrics: string[]
  /** empty: as all charts */
  x: string
  logX: boolean
  logY: boolean
  xRange: Range | null
  yRange: Range | null
  /** null: as all charts */
  smoothing: number | null
  band: Band | ''
}

export const AXES = [
  { value: 'step', label: 'Step' },
  { value: 'time', label: 'Wall time' },
  { value: 'relative', label: 'Time since the start' },
] as const

/** An x axis as people call it. */
export function axisLabel(x: string): string {
  const found = AXES.find((axis) => axis.value === x)
  return found ? found.label.toLowerCase() : column(x).key
}

export const line: ChartKind<LineOptions> = {
  kind: 'line',
  label: 'Lines',
  about: 'Metrics over steps or time, one line per run or the mean of groups',
  icon: ChartLine,
  read: (given) => ({
    metrics: textsIn(given, 'metrics'),
    x: textIn(given, 'x'),
    logX: flagIn(given, 'logX'),
    logY: flagIn(given, 'logY'),
    xRange: rangeIn(given, 'xRange'),
    yRange: rangeIn(given, 'yRange'),
    smoothing: numberIn(given, 'smoothing', null),
    band: choiceIn<Band | ''>(given, 'band', ['std', 'range', 'none'], ''),
  }),
  title: ({ metrics }) => metrics.join(', '),
  shows: ({ metrics }) => metrics,
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnChecks
        label="Metrics"
        choices={names.metrics}
        chosen={options.metrics}
        most={20}
        onChoose={(metrics) => onChange({ metrics })}
      />
      <Field label="X axis">
        <Select
          value={options.x}
          choices={[
            { value: '', label: 'As all charts' },
            ...AXES,
            ...names.metrics.map((key) => ({ value: `metrics.${key}`, label: key })),
          ]}
          onChoose={(x) => onChange({ x, xRange: null })}
        />
      </Field>
      <div class={styles.row}>
        <Check label="Log x" checked={options.logX} onCheck={(logX) => onChange({ logX })} />
        <Check label="Log y" checked={options.logY} onCheck={(logY) => onChange({ logY })} />
      </div>
      <RangeFields label="X" range={options.xRange} onRange={(xRange) => onChange({ xRange })} />
      <RangeFields label="Y" range={options.yRange} onRange={(yRange) => onChange({ yRange })} />
      <Field label="Smoothing (0 to 0.999; empty: as all charts)">
        <Input
          type="number"
          min={0}
          max={0.999}
          step="any"
          value={options.smoothing ?? ''}
          onInput={(event) => {
            const text = event.currentTarget.value
            const value = Math.min(0.999, Math.max(0, Number(text)))
            onChange({ smoothing: text === '' || Number.isNaN(value) ? null : value })
          }}
        />
      </Field>
      <Field label="Band around the mean of a group">
        <Select<Band | ''>
          value={options.band}
          choices={[
            { value: '', label: 'As all charts' },
            { value: 'std', label: 'Standard deviation' },
            { value: 'range', label: 'Smallest to largest' },
            { value: 'none', label: 'None' },
          ]}
          onChoose={(band) => onChange({ band })}
        />
      </Field>
    </>
  ),
  Plot: LinePlot,
}
