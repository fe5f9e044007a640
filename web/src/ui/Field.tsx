import type { ComponentChildren, ComponentProps } from 'preact'
import { forwardRef } from 'preact/compat'
import styles from './controls.module.css'

/** A control with its name above it, and what is wrong with it below. */
export function Field({
  label,
  problem,
  children,
}: {
  label: string
  problem?: string | null | undefined
  children: ComponentChildren
}) {
  return (
    <label class={styles.field}>
      <span>{label}</span>
      {children}
      {problem && (
        <span role="alert" class={styles.problem}>
          {problem}
        </span>
      )}
    </label>
  )
}

export const Input = forwardRef<HTMLInputElement, ComponentProps<'input'>>(function Input(
  { class: more, ...rest },
  ref,
) {
  return <input ref={ref} class={[styles.input, more].filter(Boolean).join(' ')} {...rest} />
})

export const TextArea = forwardRef<HTMLTextAreaElement, ComponentProps<'textarea'>>(
  function TextArea({ class: more, ...rest }, ref) {
    return <textarea ref={ref} class={[styles.input, more].filter(Boolean).join(' ')} {...rest} />
  },
)

/** What may be said of a control besides its value. */
interface Named {
  id?: string
  title?: string
  disabled?: boolean
  'aria-label'?: string
}

export interface Choice<T extends string> {
  value: T
  label: string
}

export function Select<T extends string>({
  value,
  choices,
  onChoose,
  ...rest
}: {
  value: T
  choices: readonly Choice<T>[]
  onChoose: (value: T) => void
} & Named) {
  return (
    <select
      class={styles.select}
      value={value}
      onChange={(event) => onChoose(event.currentTarget.value as T)}
      {...rest}
    >
      {choices.map((choice) => (
        <option key={choice.value} value={choice.value}>
          {choice.label}
        </option>
      ))}
    </select>
  )
}

export function Check({
  label,
  checked,
  onCheck,
  ...rest
}: {
  label: ComponentChildren
  checked: boolean
  onCheck: (checked: boolean) => void
} & Named) {
  return (
    <label class={styles.check}>
      <input
        type="checkbox"
        checked={checked}
        onChange={(event) => onCheck(event.currentTarget.checked)}
        {...rest}
      />
      <span>{label}</span>
    </label>
  )
}

/** A few choices side by side, of which one holds. */
export function Segments<T extends string>({
  label,
  value,
  choices,
  onChoose,
}: {
  label: string
  value: T
  choices: readonly Choice<T>[]
  onChoose: (value: T) => void
}) {
  return (
    <div role="group" aria-label={label} class={styles.segments}>
      {choices.map((choice) => (
        <button
          key={choice.value}
          type="button"
          aria-pressed={choice.value === value}
          onClick={() => onChoose(choice.value)}
        >
          {choice.label}
        </button>
      ))}
    </div>
  )
}
