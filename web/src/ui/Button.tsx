import type { IconNode } from 'lucide'
import type { ComponentProps } from 'preact'
import { forwardRef } from 'preact/compat'
import styles from './controls.module.css'
import { Icon } from './Icon'

type Kind = 'plain' | 'primary' | 'danger' | 'quiet'

interface Looks {
  kind?: Kind
  small?: boolean
  icon?: IconNode
}

function classes(kind: Kind, small: boolean, iconOnly: boolean, more: unknown): string {
  return [
    styles.button,
    kind !== 'plain' && styles[kind],
    small && styles.small,
    iconOnly && styles.icon,
    more,
  ]
    .filter(Boolean)
    .join(' ')
}

export const Button = forwardRef<HTMLButtonElement, Looks & ComponentProps<'button'>>(
  function Button({ kind = 'plain', small = false, icon, children, class: more, ...rest }, ref) {
    return (
      <button ref={ref} type="button" class={classes(kind, small, false, more)} {...rest}>
        {icon && <Icon of={icon} size={small ? 14 : 16} />}
        {children}
      </button>
    )
  },
)

/** A button that shows only an icon: `label` is its name, and its tooltip. */
export const IconButton = forwardRef<
  HTMLButtonElement,
  Omit<Looks, 'icon'> & { icon: IconNode; label: string } & ComponentProps<'button'>
>(function IconButton({ kind = 'quiet', small = false, icon, label, class: more, ...rest }, ref) {
  return (
    <button
      ref={ref}
      type="button"
      aria-label={label}
      title={label}
      class={classes(kind, small, true, more)}
      {...rest}
    >
      <Icon of={icon} size={small ? 14 : 16} />
    </button>
  )
})

/** A link that looks like a button. */
export function LinkButton({
  kind = 'plain',
  small = false,
  icon,
  children,
  class: more,
  ...rest
}: Looks & ComponentProps<'a'>) {
  return (
    <a class={classes(kind, small, false, more)} {...rest}>
      {icon && <Icon of={icon} size={small ? 14 : 16} />}
      {children}
    </a>
  )
}
