import { useMemo, useState } from 'preact/hooks'
import type { ChartSpec } from '../state/view'
import { Button } from '../ui/Button'
import { Dialog } from '../ui/Dialog'
import { Field, Input } from '../ui/Field'
import { ChartBody, titleOf, type Shared } from './ChartBody'
import styles from './grid.module.css'
import { kindOf } from './index'
import type { Names } from './types'

const PREVIEW = { width: 560, height: 340 }
const quiet = () => {}

/** Make or change a chart, and see at once what it becomes. */
export function ChartDialog({
  spec: given,
  isNew,
  names,
  shared,
  onSave,
  onClose,
}: {
  spec: ChartSpec
  isNew: boolean
  names: Names
  shared: Shared
  onSave: (spec: ChartSpec) => void
  onClose: () => void
}) {
  const [spec, setSpec] = useState(given)
  const kind = kindOf(spec.kind)
  const options = useMemo(() => kind?.read(spec.options) ?? {}, [kind, spec.options])
  if (!kind) return null
  const change = (changes: Record<string, unknown>) =>
    setSpec((before) => ({ ...before, options: { ...before.options, ...changes } }))
  return (
    <Dialog
      wide
      title={isNew ? `New chart: ${kind.label.toLowerCase()}` : `Edit ${titleOf(given)}`}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="primary"
            onClick={() => {
              onSave(spec)
              onClose()
            }}
          >
            {isNew ? 'Add chart' : 'Save'}
          </Button>
        </>
      }
    >
      <div class={styles.edit}>
        <div class={styles.form}>
          <Field label="Title (empty: what it shows)">
            <Input
              autofocus
              value={spec.title ?? ''}
              placeholder={titleOf({ ...spec, title: '' })}
              onInput={(event) => setSpec({ ...spec, title: event.currentTarget.value })}
            />
          </Field>
          <kind.Form options={options} names={names} onChange={change} />
        </div>
        <section class={styles.preview} aria-label="Preview">
          <h3 class="ellipsis">{titleOf(spec)}</h3>
          <ChartBody
            spec={spec}
            title={titleOf(spec)}
            shared={shared}
            {...PREVIEW}
            onOptions={(changed) => setSpec({ ...spec, options: changed })}
            onPicture={quiet}
          />
        </section>
      </div>
    </Dialog>
  )
}
