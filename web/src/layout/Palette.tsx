import { BookOpen, FlaskConical, Monitor, Moon, Play, Radio, Rows3, Sun } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useAsk } from '../api/query'
import { quoteText } from '../lib/columns'
import { paths } from '../paths'
import { go, useAddress } from '../state/address'
import { commands, type Command } from '../state/commands'
import { setPrefs } from '../state/prefs'
import { Icon } from '../ui/Icon'
import styles from './palette.module.css'

const RUN_NAME = 'attributes.run_name'
const RUN_ID = /^[0-9a-f]{32}$/
/** A page that is about an experiment. */
const IN_EXPERIMENT = /^\/experiments\/(\d+)/
const ALWAYS: readonly Command[] = [
  { group: 'Go', label: 'All experiments', icon: FlaskConical, run: () => go(paths.experiments()) },
  {
    group: 'Go',
    label: 'API documentation',
    icon: BookOpen,
    run: () => window.location.assign(paths.api()),
  },
  { group: 'Settings', label: 'Light theme', icon: Sun, run: () => setPrefs({ theme: 'light' }) },
  { group: 'Settings', label: 'Dark theme', icon: Moon, run: () => setPrefs({ theme: 'dark' }) },
  {
    group: 'Settings',
    label: 'Theme of the system',
    icon: Monitor,
    run: () => setPrefs({ theme: 'system' }),
  },
  {
    group: 'Settings',
    label: 'Compact rows',
    icon: Rows3,
    run: () => setPrefs({ density: 'compact' }),
  },
  {
    group: 'Settings',
    label: 'Comfortable rows',
    icon: Rows3,
    run: () => setPrefs({ density: 'comfortable' }),
  },
  { group: 'Settings', label: 'Live updates on', icon: Radio, run: () => setPrefs({ live: true }) },
  {
    group: 'Settings',
    label: 'Live updates off',
    icon: Radio,
    run: () => setPrefs({ live: false }),
  },
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
      <div class={styles.keys} aria-hidden="true">
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> choose
        </span>
        <span>
          <kbd>↵</kbd> open
        </span>
        <span>
          <kbd>Esc</kbd> close
        </span>
      </div>
    </dialog>
  )
}

/** Runs of the experiment that is open, by their names. */
function useRunsHere(text: string): Command[] {
  const { path } = useAddress()
  const experimentId = IN_EXPERIMENT.exec(path)?.[1]
  const pattern = `%${text.replaceAll('%', '')}%`
  const { data } = useAsk(
    'runs/table',
    {
      experiment_ids: experimentId ? [experimentId] : [],
      filter: `attributes.run_name ILIKE ${quoteText(pattern)}`,
      columns: [RUN_NAME],
      max_results: 6,
    },
    { keep: true, enabled: experimentId !== undefined && text !== '' },
  )
  return useMemo(() => {
    if (!data || !experimentId || !text) return []
    return data.run_ids.map((id, index) => ({
      group: 'Run',
      label: String(data.columns[RUN_NAME]?.[index] ?? id),
      icon: Play,
      run: () => go(paths.run(experimentId, id)),
    }))
  }, [data, experimentId, text])
}

function useFound(text: string): Command[] {
  const pattern = `%${text.replaceAll('%', '')}%`
  const here = useRunsHere(text)
  const { data } = useAsk(
    'experiments/search',
    { max_results: 8, ...(text && { filter: `name ILIKE ${quoteText(pattern)}` }) },
    { keep: true },
  )
  return useMemo(() => {
    const words = text.toLowerCase().split(/\s+/)
    const fits = (command: Command) =>
      words.every((word) => `${command.group} ${command.label}`.toLowerCase().includes(word))
    const [actions, always] = [commands().filter(fits), ALWAYS.filter(fits)]
    const experiments: Command[] = (data?.experiments ?? []).map((each) => ({
      group: 'Experiment',
      label: each.name,
      icon: FlaskConical,
      run: () => go(paths.experiment(each.experiment_id)),
    }))
    const runs: Command[] = RUN_ID.test(text)
      ? [{ group: 'Run', label: text, icon: Play, run: () => go(paths.run('_', text)) }]
      : []
    return text
      ? [...runs, ...actions, ...here, ...experiments, ...always]
      : [...actions, ...experiments, ...always]
  }, [data, text, here])
}
