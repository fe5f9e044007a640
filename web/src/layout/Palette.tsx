import { FlaskConical, Play } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useAsk } from '../api/query'
import { quoteText } from '../lib/columns'
import { paths } from '../paths'
import { go } from '../state/address'
import { commands, type Command } from '../state/commands'
import { setPrefs } from '../state/prefs'
import { Icon } from '../ui/Icon'
import styles from './palette.module.css'

const RUN_ID = /^[0-9a-f]{32}$/
const ALWAYS: readonly Command[] = [
  { group: 'Go', label: 'All experiments', run: () => go(paths.experiments()) },
  { group: 'Theme', label: 'Light theme', run: () => setPrefs({ theme: 'light' }) },
  { group: 'Theme', label: 'Dark theme', run: () => setPrefs({ theme: 'dark' }) },
  { group: 'Theme', label: 'Theme of the system', run: () => setPrefs({ theme: 'system' }) },
]

/** Find an experiment or a run, or do something, by typing. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const dialog = useRef<HTMLDialogElement>(null)
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => dialog.current?.showModal(), [])
  const found = useFound(text.trim())
  const chosen = Math.min(at, found.length - 1)
  useEffect(() => {
    list.current?.children[chosen]?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const run = (command: Command | undefined) => {
    if (!command) return
    onClose()
    command.run()
  }
  return (
    <dialog
      ref={dialog}
      class={styles.dialog}
      aria-label="Find or do"
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <input
        class={styles.input}
        role="combobox"
        aria-label="Find an experiment, a run or an action"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={chosen >= 0 ? `palette-${chosen}` : undefined}
        placeholder="Experiment, run id, or what to do"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setAt(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault()
            const step = event.key === 'ArrowDown' ? 1 : -1
            setAt((chosen + step + found.length) % Math.max(1, found.length))
          } else if (event.key === 'Enter') {
            event.preventDefault()
            run(found[chosen])
          }
        }}
      />
      <ul ref={list} id="palette-list" class={styles.list} role="listbox" aria-label="Found">
        {found.map((command, index) => (
          <li
            key={`${command.group} ${command.label} ${index}`}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === chosen}
            class={styles.item}
            onMouseMove={() => setAt(index)}
            onClick={() => run(command)}
          >
            {command.icon && <Icon of={command.icon} />}
            <span class="ellipsis">{command.label}</span>
            <small>{command.group}</small>
          </li>
        ))}
      </ul>
      {found.length === 0 && <div class={styles.none}>Nothing of that name.</div>}
    </dialog>
  )
}

function useFound(text: string): Command[] {
  const pattern = `%${text.replaceAll('%', '')}%`
  const { data } = useAsk(
    'experiments/search',
    { max_results: 8, ...(text && { filter: `name ILIKE ${quoteText(pattern)}` }) },
    { keep: true },
  )
  return useMemo(() => {
    const words = text.toLowerCase().split(/\s+/)
    const fits = (command: Command) =>
      words.every((word) => `${command.group} ${command.label}`.toLowerCase().includes(word))
    const actions = [...commands(), ...ALWAYS].filter(fits)
    const experiments: Command[] = (data?.experiments ?? []).map((each) => ({
      group: 'Experiment',
      label: each.name,
      icon: FlaskConical,
      run: () => go(paths.experiment(each.experiment_id)),
    }))
    const runs: Command[] = RUN_ID.test(text)
      ? [{ group: 'Run', label: text, icon: Play, run: () => go(paths.run('_', text)) }]
      : []
    return [...runs, ...actions, ...experiments]
  }, [data, text])
}
