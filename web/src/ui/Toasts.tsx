import { X } from 'lucide'
import { useSyncExternalStore } from 'preact/compat'
import { sentence } from '../api/errors'
import { Button, IconButton } from './Button'
import styles from './notes.module.css'

interface Toast {
  id: number
  text: string
  bad: boolean
  undo?: (() => void) | undefined
}

const SHOWN_FOR = 6_000
const listeners = new Set<() => void>()
let toasts: readonly Toast[] = []
let last = 0

function change(next: readonly Toast[]): void {
  toasts = next
  for (const each of listeners) each()
}

function drop(id: number): void {
  change(toasts.filter((toast) => toast.id !== id))
}

/** Say in a corner that something was done, with a way back if there is one. */
export function say(text: string, undo?: () => void): void {
  const id = ++last
  change([...toasts, { id, text, bad: false, undo }])
  setTimeout(() => drop(id), SHOWN_FOR)
}

/** Say what went wrong; it stays until it is closed. */
export function complain(error: unknown): void {
  change([...toasts, { id: ++last, text: sentence(error), bad: true }])
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (changed) => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
    () => toasts,
  )
  return (
    <div class={styles.toasts} role="status" aria-live="polite">
      {shown.map(({ id, text, bad, undo }) => (
        <div key={id} class={`${styles.toast} ${bad ? styles.bad : ''}`}>
          <span>{text}</span>
          {undo && (
            <Button
              small
              onClick={() => {
                undo()
                drop(id)
              }}
            >
              Undo
            </Button>
          )}
          <IconButton small icon={X} label="Dismiss" onClick={() => drop(id)} />
        </div>
      ))}
    </div>
  )
}
