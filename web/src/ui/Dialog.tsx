import { X } from 'lucide'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import { Button, IconButton } from './Button'
import styles from './dialog.module.css'
import { Problem } from './Notes'

/** A modal dialog: the browser's own, which keeps the focus inside and closes with Escape. */
export function Dialog({
  title,
  onClose,
  children,
  foot,
  wide = false,
}: {
  title: string
  onClose: () => void
  children: ComponentChildren
  foot?: ComponentChildren
  wide?: boolean
}) {
  const ref = useRef<HTMLDialogElement>(null)
  const name = useId()
  useEffect(() => {
    const before = document.activeElement
    ref.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  return (
    <dialog
      ref={ref}
      class={[styles.dialog, wide && styles.wide].filter(Boolean).join(' ')}
      aria-labelledby={name}
      onClose={onClose}
      onClick={(event) => event.target === ref.current && onClose()}
    >
      <div class={styles.head}>
        <h2 id={name}>{title}</h2>
        <IconButton icon={X} label="Close" onClick={onClose} />
      </div>
      <div class={styles.body}>{children}</div>
      {foot && <div class={styles.foot}>{foot}</div>}
    </dialog>
  )
}

/** A dialog that does one thing: its button waits, says what went wrong, and closes when done. */
export function FormDialog({
  title,
  action,
  danger = false,
  onClose,
  onSubmit,
  children,
  disabled = false,
}: {
  title: string
  action: string
  danger?: boolean
  onClose: () => void
  onSubmit: () => Promise<unknown>
  children: ComponentChildren
  disabled?: boolean
}) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const form = useId()
  const submit = async () => {
    setBusy(true)
    setProblem(null)
    try {
      await onSubmit()
      onClose()
    } catch (error) {
      setProblem(sentence(error))
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      foot={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form={form}
            kind={danger ? 'danger' : 'primary'}
            disabled={busy || disabled}
          >
            {action}
          </Button>
        </>
      }
    >
      <form
        id={form}
        class={styles.body}
        style={{ padding: 0 }}
        onSubmit={(event) => {
          event.preventDefault()
          if (!busy && !disabled) void submit()
        }}
      >
        {children}
        {problem && <Problem>{problem}</Problem>}
      </form>
    </Dialog>
  )
}
