import { Clock, Search, X } from 'lucide'
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks'
import { useAsk } from '../api/query'
import { ApiError, sentence } from '../api/errors'
import {
  accept, expected, isNumeric, isQuery, placeIn, suggestions, tokens, type Suggestion,
} from '../lib/query' // prettier-ignore
import { pastQueries, rememberQuery } from '../state/queries'
import type { Lifecycle } from '../state/view'
import { IconButton } from '../ui/Button'
import { Icon } from '../ui/Icon'
import styles from './query.module.css'

interface QueryProps {
  experimentIds: string[]
  lifecycle: Lifecycle
  /** what is applied */
  value: string
  onApply: (text: string) => void
  /** what the server said about what is applied */
  error: unknown
  /** a query that was begun elsewhere, to be gone on with */
  draft?: { text: string } | null
  id?: string
}

const NAME_PAUSE = 200
const AFTER_MENU = 50

/** The search for runs: the whole query language, or a part of a name. */
export function QueryInput({
  experimentIds,
  lifecycle,
  value,
  onApply,
  error,
  draft = null,
  id,
}: QueryProps) {
  const [text, setText] = useState(value)
  const [caret, setCaret] = useState(value.length)
  const [open, setOpen] = useState(false)
  const [at, setAt] = useState(-1)
  const input = useRef<HTMLTextAreaElement>(null)
  const name = useId()
  const list = useRef<HTMLUListElement>(null)
  // what is applied can change elsewhere: a view, the address, a menu of a column
  useEffect(() => setText(value), [value])
  useEffect(() => {
    if (!draft) return undefined
    setText(draft.text)
    setCaret(draft.text.length)
    // the menu that it was begun in takes the focus back before
    const timer = setTimeout(() => input.current?.focus(), AFTER_MENU)
    return () => clearTimeout(timer)
  }, [draft])
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [at])
  const apply = (next: string) => {
    setOpen(false)
    setAt(-1)
    if (next.trim()) rememberQuery(next.trim())
    onApply(next.trim())
  }
  usePlainSearch(text, value, onApply)
  const choices = useChoices(experimentIds, lifecycle, text, caret, open)
  const shown = open && choices.length > 0
  const chosen = shown && at >= 0 ? Math.min(at, choices.length - 1) : -1
  const choose = (choice: Choice) => {
    if (choice.whole) {
      setText(choice.text)
      apply(choice.text)
      return
    }
    const next = accept(text, caret, choice)
    setText(next.text)
    setCaret(next.caret)
    setAt(-1)
    queueMicrotask(() => {
      input.current?.focus()
      input.current?.setSelectionRange(next.caret, next.caret)
    })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step && choices.length > 0) {
      event.preventDefault()
      setOpen(true)
      setAt(
        shown
          ? (chosen + step + choices.length + (chosen < 0 && step < 0 ? 1 : 0)) % choices.length
          : 0,
      )
    } else if (event.key === 'Enter') {
      event.preventDefault()
      if (chosen >= 0) choose(choices[chosen]!)
      else apply(text)
    } else if (event.key === 'Tab' && chosen >= 0) {
      event.preventDefault()
      choose(choices[chosen]!)
    } else if (event.key === 'Escape' && shown) {
      event.preventDefault()
      event.stopPropagation()
      setOpen(false)
    }
  }
  const follow = (element: HTMLTextAreaElement) => setCaret(element.selectionStart)
  const problem = problemOf(error, value, text)
  return (
    <div class={styles.query}>
      <div class={`${styles.box} ${problem ? styles.wrong : ''}`}>
        <span class={styles.icon}>
          <Icon of={Search} size={15} />
        </span>
        <div class={styles.text}>
          <Painted text={text} wrong={problem?.place ?? null} />
          <textarea
            ref={input}
            id={id}
            rows={1}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            aria-label="Search runs"
            aria-controls={shown ? `${name}-list` : undefined}
            aria-autocomplete="list"
            aria-activedescendant={chosen >= 0 ? `${name}-${chosen}` : undefined}
            aria-invalid={problem !== null}
            aria-describedby={`${name}-said`}
            placeholder="metrics.loss < 0.3 AND params.model = 'cnn', or a part of a name"
            value={text}
            onInput={(event) => {
              setText(event.currentTarget.value.replaceAll('\n', ' '))
              follow(event.currentTarget)
              setOpen(true)
              setAt(-1)
            }}
            onKeyDown={onKeyDown}
            onKeyUp={(event) => follow(event.currentTarget)}
            onClick={(event) => {
              follow(event.currentTarget)
              setOpen(true)
            }}
            onBlur={() => setOpen(false)}
          />
        </div>
        {text !== value && isQuery(text) && <kbd class={styles.enter}>Enter ↵</kbd>}
        {text && (
          <IconButton
            small
            icon={X}
            label="Clear the search"
            onClick={() => {
              setText('')
              apply('')
              input.current?.focus()
            }}
          />
        )}
      </div>
      {shown && (
        <Choices
          name={name}
          list={list}
          choices={choices}
          chosen={chosen}
          onAt={setAt}
          onChoose={choose}
        />
      )}
      <div id={`${name}-said`}>
        {problem ? (
          <pre class={styles.problem} role="alert">
            {problem.message}
          </pre>
        ) : (
          value &&
          !isQuery(value) && (
            <p class={styles.said}>
              Runs whose name contains “{value}”. For a query write, for example,{' '}
              <code>metrics.loss &lt; 0.3</code>.
            </p>
          )
        )}
      </div>
    </div>
  )
}

function Choices({
  name,
  list,
  choices,
  chosen,
  onAt,
  onChoose,
}: {
  name: string
  list: { current: HTMLUListElement | null }
  choices: readonly Choice[]
  chosen: number
  onAt: (at: number) => void
  onChoose: (choice: Choice) => void
}) {
  return (
    <ul
      ref={list}
      id={`${name}-list`}
      role="listbox"
      aria-label="Completions"
      class={styles.list}
      // the input keeps the focus
      onMouseDown={(event) => event.preventDefault()}
    >
      {choices.map((choice, index) => (
        <li
          key={choice.text}
          id={`${name}-${index}`}
          role="option"
          aria-selected={index === chosen}
          onMouseMove={() => onAt(index)}
          onClick={() => onChoose(choice)}
        >
          {choice.whole && <Icon of={Clock} size={13} />}
          <code class="ellipsis">{choice.text}</code>
          {choice.about && <small>{choice.about}</small>}
        </li>
      ))}
    </ul>
  )
}

/** The text in colours, below the input whose own text is not seen. */
function Painted({ text, wrong }: { text: string; wrong: number | null }) {
  const parts = useMemo(() => {
    const found = []
    let end = 0
    for (const token of isQuery(text) ? tokens(text) : []) {
      found.push(text.slice(end, token.start))
      const bad = wrong !== null && wrong >= token.start && wrong < token.end
      const looks = [styles[token.kind], bad && styles.mistake].filter(Boolean).join(' ')
      found.push(
        <span key={token.start} class={looks}>
          {token.text}
        </span>,
      )
      end = token.end
    }
    found.push(text.slice(end))
    if (wrong !== null && wrong >= end) found.push(<span class={styles.mistake}>{'\u00a0'}</span>)
    return found
  }, [text, wrong])
  return (
    <div class={styles.painted} aria-hidden="true">
      {parts}
      {'\u200b'}
    </div>
  )
}

/** What is wrong with what is applied; gone as soon as the text changes. */
function problemOf(
  error: unknown,
  value: string,
  text: string,
): { message: string; place: number | null } | null {
  if (!error || text.trim() !== value) return null
  if (error instanceof ApiError && (error.isAway || error.source === 'order_by')) return null
  const position = error instanceof ApiError ? error.position : null
  const place = placeIn(text, position)
  // the message repeats the text with a caret below it; here the place itself is marked
  const message = place === null ? sentence(error) : sentence(error).split('\n', 1)[0]!
  return { message, place }
}

/** A part of a name is searched while it is typed. */
function usePlainSearch(text: string, value: string, onApply: (text: string) => void) {
  const latest = useRef(onApply)
  latest.current = onApply
  useEffect(() => {
    const next = text.trim()
    if (next === value || isQuery(next)) return undefined
    // what is being typed over a query is not yet known to be a name
    if (next !== '' && isQuery(value)) return undefined
    const timer = setTimeout(() => latest.current(next), NAME_PAUSE)
    return () => clearTimeout(timer)
  }, [text, value])
}

interface Choice extends Suggestion {
  /** a former query, which replaces the text */
  whole?: boolean
}

/** What may come at the caret: names in use, operators, values; former queries when nothing is typed. */
function useChoices(
  experimentIds: string[],
  lifecycle: Lifecycle,
  text: string,
  caret: number,
  open: boolean,
): Choice[] {
  const { wants, field } = expected(text, caret)
  const about = { experiment_ids: experimentIds, run_view_type: lifecycle }
  const { data: names } = useAsk('runs/columns', about, { staleTime: 60_000 })
  const valued = (wants === 'value' || wants === 'list') && field !== null && !isNumeric(field)
  const groupable = valued && ['params', 'tags'].includes(field.kind)
  const { data: groups } = useAsk(
    'runs/groups',
    { ...about, group_by: [field?.name ?? ''], max_results: 50 },
    { enabled: open && groupable, staleTime: 60_000 },
  )
  return useMemo(() => {
    if (text.trim() === '') {
      return pastQueries().map((query) => ({ text: query, about: '', whole: true }))
    }
    const values = groupable ? Object.values(groups?.groups ?? {})[0] : []
    const known = {
      metrics: names?.metrics ?? [],
      params: names?.params ?? [],
      tags: names?.tags ?? [],
      values: (values ?? []).filter((value): value is string => value !== null),
    }
    return suggestions(text, caret, known)
  }, [text, caret, names, groups, groupable])
}
