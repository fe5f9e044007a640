import { ChartBarBig } from 'lucide'
import { Check, Field, Input } from '../ui/Field'
import { flagIn, numberIn, textIn } from './lib/read'
import { labelOf } from './lib/values'
import { BarPlot } from './parts/BarPlot'
import { ColumnSelect } from './parts/ColumnSelect'
import type { ChartKind } from './types'

export interface BarOptions {
  column: string
  /** bars at most */
  most: number
  /** smallest first */
  lowest: boolean
  logY: boolean
}

const MOST = 200

export const bar: ChartKind<BarOptions> = {
  kind: 'bar',
  label: 'Bars',
  about: 'One value per run, or the mean of groups, the best first',
  icon: ChartBarBig,
  read: (given) => ({
    column: textIn(given, 'column'),
    most: Math.min(MOST, Math.max(1, Math.round(numberIn(given, 'most', 20)))),
    lowest: flagIn(given, 'lowest'),
    logY: flagIn(given, 'logY'),
  }),
  title: ({ column }) => (column ? labelOf(column) : 'Bars'),
  shows: ({ column }) => (column ? [labelOf(column)] : []),
  Form: ({ options, names, onChange }) => (
    <>
      <ColumnSelect
        label="Value"
        value={options.column}
        names={names}
        onChoose={(column) => onChange({ column })}
      />
      <Field label={`Bars at most (1 to ${MOST})`}>
        <Input
          type="number"
          min={1}
          max={MOST}
          value={options.most}
          onChange={(event) => onChange({ most: Number(event.currentTarget.value) || 20 })}
        />
      </Field>
      <Check
        label="Smallest first"
        checked={options.lowest}
        onCheck={(lowest) => onChange({ lowest })}
      />
      <Check label="Log scale" checked={options.logY} onCheck={(logY) => onChange({ logY })} />
    </>
  ),
  Plot: BarPlot,
}
