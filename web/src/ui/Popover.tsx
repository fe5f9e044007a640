import * as Radix from '@radix-ui/react-popover'
import type { ComponentChild, ComponentChildren, VNode } from 'preact'
import { useState } from 'preact/hooks'
import styles from './menu.module.css'
import { usePlace } from './place'

/** A small panel under a button; `trigger` is the button, `label` the name of the panel. */
export function Popover({
  trigger,
  label,
  align = 'start',
  open,
  onOpen,
  children,
}: {
  trigger: VNode
  label: string
  align?: 'start' | 'end'
  open?: boolean
  onOpen?: (open: boolean) => void
  children: ComponentChildren
}) {
  const [own, setOwn] = useState(false)
  const shown = open ?? own
  const place = usePlace(shown)
  return (
    <Radix.Root
      open={shown}
      onOpenChange={(next) => {
        setOwn(next)
        onOpen?.(next)
      }}
    >
      <Radix.Trigger asChild>{trigger as ComponentChild}</Radix.Trigger>
      <Radix.Portal container={place}>
        <Radix.Content
          class={`${styles.content} ${styles.popover}`}
          aria-label={label}
          align={align}
          sideOffset={4}
          collisionPadding={8}
        >
          {children as ComponentChild}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
