import { useState } from 'preact/hooks'
import type { ChartSpec } from '../state/view'
import { FormDialog } from '../ui/Dialog'
import { Field, Input } from '../ui/Field'
import { titleOf, type Shared } from './ChartBody'
import { ChartDialog } from './ChartDialog'
import { FullScreen } from './FullScreen'
import type { Placed } from './lib/arrange'
import type { Names } from './types'

/** A chart that is shown, or changed, above all others. */
export interface Open {
  what: 'edit' | 'new' | 'rename' | 'full'
  spec: ChartSpec
}

/** The dialog of what is open. */
export function Opened({
  open: { what, spec: given },
  placed,
  shared,
  names,
  onSpec,
  onClose,
}: {
  open: Open
  placed: readonly Placed[]
  shared: Shared
  names: Names
  onSpec: (spec: ChartSpec) => void
  onClose: () => void
}) {
  // what was opened may have changed since, by a zoom for instance
  const spec = placed.find((chart) => chart.spec.id === given.id)?.spec ?? given
  if (what === 'full') return <FullScreen {...{ spec, shared, onSpec, onClose }} />
  if (what === 'rename') return <Rename {...{ spec, onSpec, onClose }} />
  return (
    <ChartDialog isNew={what === 'new'} onSave={onSpec} {...{ spec, names, shared, onClose }} />
  )
}

function Rename({
  spec,
  onSpec,
  onClose,
}: {
  spec: ChartSpec
  onSpec: (spec: ChartSpec) => void
  onClose: () => void
}) {
  const [title, setTitle] = useState(spec.title ?? '')
  return (
    <FormDialog
      title="Rename chart"
      action="Rename"
      onClose={onClose}
      onSubmit={async () => onSpec({ ...spec, title })}
    >
      <Field label="Title (empty: what it shows)">
        <Input
          autofocus
          value={title}
          placeholder={titleOf({ ...spec, title: '' })}
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </Field>
    </FormDialog>
  )
}
