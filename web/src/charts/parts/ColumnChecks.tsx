import { useState } from 'preact/hooks'
import { count } from '../../lib/format'
import { Check, Input } from '../../ui/Field'
import styles from './form.module.css'

const SHOWN = 100

/** Some of many names: those that are chosen come first, a search finds the others. */
export function ColumnChecks({
  label,
  choices,
  chosen,
  onChoose,
  most = Infinity,
  nameOf = (name) => name,
}: {
  label: string
  choices: readonly string[]
  chosen: readonly string[]
  onChoose: (chosen: string[]) => void
  most?: number
  nameOf?: (choice: string) => string
}) {
  const [text, setText] = useState('')
  // what is ticked stays in its place until the dialog is opened again
  const [first] = useState(chosen)
  const words = text.toLowerCase().split(/\s+/)
  const found = [...new Set([...first, ...choices])].filter((each) =>
    words.every((word) => nameOf(each).toLowerCase().includes(word)),
  )
  const taken = new Set(chosen)
  return (
    <fieldset class={styles.checks}>
      <legend>
        {label} <span class="quiet">({count(chosen.length)} chosen)</span>
      </legend>
      {choices.length > 8 && (
        <Input
          type="search"
          aria-label={`Find in ${label.toLowerCase()}`}
          placeholder="Find…"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      )}
      <div class={styles.list}>
        {found.slice(0, SHOWN).map((name) => (
          <Check
            key={name}
            label={nameOf(name)}
            checked={taken.has(name)}
            disabled={!taken.has(name) && taken.size >= most}
            onCheck={(checked) =>
              onChoose(checked ? [...chosen, name] : chosen.filter((each) => each !== name))
            }
          />
        ))}
        {found.length === 0 && <span class="quiet">Nothing of that name.</span>}
        {found.length > SHOWN && (
          <span class="quiet">and {count(found.length - SHOWN)} more: search for them</span>
        )}
      </div>
    </fieldset>
  )
}
