import { Search } from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import { setParams } from '../../state/address'
import { Input } from '../../ui/Field'
import { Icon } from '../../ui/Icon'
import styles from './experiments.module.css'

/** Finds experiments by name, while it is typed. */
export function SearchBox({ text }: { text: string }) {
  const [draft, setDraft] = useState(text)
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (document.activeElement !== input.current) setDraft(text)
  }, [text])
  useEffect(() => {
    if (draft === text) return undefined
    const timer = setTimeout(() => setParams({ q: draft || null }), 120)
    return () => clearTimeout(timer)
  }, [draft, text])
  useSlash(input)
  return (
    <div class={styles.search}>
      <Icon of={Search} />
      <Input
        ref={input}
        type="search"
        aria-label="Search experiments"
        placeholder="Search by name"
        aria-keyshortcuts="/"
        value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)}
      />
    </div>
  )
}

/** `/` goes to the search, as in many programs. */
function useSlash(input: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, dialog')
      if (event.key !== '/' || event.ctrlKey || event.metaKey || typing) return
      event.preventDefault()
      input.current?.focus()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [input])
}
