import { useId } from 'preact/hooks'
import { Select, type Choice } from '../../ui/Field'
import styles from './compare.module.css'

/** A choice with its name before it. */
export function Pick<T extends string>({
  label,
  ...rest
}: {
  label: string
  value: T
  choices: readonly Choice<T>[]
  onChoose: (value: T) => void
}) {
  const id = useId()
  return (
    <span class={styles.pick}>
      <label for={id}>{label}</label>
      <Select id={id} {...rest} />
    </span>
  )
}
