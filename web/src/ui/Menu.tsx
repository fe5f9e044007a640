import * as Radix from '@radix-ui/react-dropdown-menu'
import { Check, type IconNode } from 'lucide'
import type { ComponentChild, VNode } from 'preact'
import { useState } from 'preact/hooks'
import { Icon } from './Icon'
import styles from './menu.module.css'
import { usePlace } from './place'

export type MenuEntry =
  | {
      label: string
      /** one line below the label */
      about?: string
      icon?: IconNode
      danger?: boolean
      disabled?: boolean
      /** given for what holds or does not, or is one of several */
      checked?: boolean
      onSelect: () => void
    }
  | 'line'

/** A menu under a button; `trigger` is the button. */
export function Menu({
  trigger,
  entries,
  align = 'start',
}: {
  trigger: VNode
  entries: readonly MenuEntry[]
  align?: 'start' | 'end'
}) {
  const [open, setOpen] = useState(false)
  const place = usePlace(open)
  return (
    // not modal: a modal one would put a style sheet into the page, which the content policy forbids
    <Radix.Root modal={false} open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>{trigger as ComponentChild}</Radix.Trigger>
      <Radix.Portal container={place}>
        <Radix.Content class={styles.content} align={align} sideOffset={4} collisionPadding={8}>
          {entries.map((entry, index) =>
            entry === 'line' ? (
              <Radix.Separator key={index} class={styles.line} />
            ) : entry.checked !== undefined ? (
              <Radix.CheckboxItem
                key={entry.label}
                class={styles.item}
                checked={entry.checked}
                onSelect={entry.onSelect}
              >
                {entry.icon && <Icon of={entry.icon} />}
                <span>{entry.label}</span>
                <span class={styles.mark}>{entry.checked && <Icon of={Check} />}</span>
              </Radix.CheckboxItem>
            ) : (
              <Radix.Item
                key={entry.label}
                class={[styles.item, entry.danger && styles.danger].filter(Boolean).join(' ')}
                disabled={entry.disabled ?? false}
                onSelect={entry.onSelect}
              >
                {entry.icon && <Icon of={entry.icon} />}
                <span>
                  {entry.label}
                  {entry.about && <small class={styles.about}>{entry.about}</small>}
                </span>
              </Radix.Item>
            ),
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
