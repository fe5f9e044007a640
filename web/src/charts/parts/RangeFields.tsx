import { useState } from 'preact/hooks'
import { Field, Input } from '../../ui/Field'
import type { Range } from '../lib/read'
import styles from './form.module.css'

/** The range of an axis; both ends, or all there is. */
export function RangeFields({
  label,
  range,
  onRange,
}: {
  label: string
  range: Range | null
  onRange: (range: Range | null) => void
}) {
  const [from, setFrom] = useState(range ? String(range[0]) : '')
  const [to, setTo] = useState(range ? String(range[1]) : '')
  const half = (from === '') !== (to === '')
  const wrong = !half && from !== '' && !(Number(from) < Number(to))
  const change = (low: string, high: string) => {
    setFrom(low)
    setTo(high)
    if (low === '' && high === '') onRange(null)
    else if (low !== '' && high !== '' && Number(low) < Number(high)) {
      onRange([Number(low), Number(high)])
    }
  }
  return (
    <div class={styles.row}>
      <Field label={`${label} from`}>
        <Input
          type="number"
          step="any"
          placeholder="all"
          value={from}
          onInput={(event) => change(event.currentTarget.value, to)}
        />
      </Field>
      <Field
        label={`${label} to`}
        problem={wrong ? 'It must be larger.' : half ? 'Both ends, or none.' : null}
      >
        <Input
          type="number"
          step="any"
          placeholder="all"
          value={to}
          onInput={(event) => change(from, event.currentTarget.value)}
        />
      </Field>
    </div>
  )
}
