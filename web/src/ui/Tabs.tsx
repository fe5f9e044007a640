import type { ComponentChildren } from 'preact'
import styles from './tabs.module.css'

/** Tabs are links: which one is open is in the address. */
export function Tabs({
  label,
  tabs,
  open,
}: {
  label: string
  tabs: readonly { name: string; label: ComponentChildren; href: string }[]
  open: string
}) {
  return (
    <nav class={styles.tabs} aria-label={label}>
      {tabs.map((tab) => (
        <a key={tab.name} href={tab.href} aria-current={tab.name === open ? 'page' : undefined}>
          {tab.label}
        </a>
      ))}
    </nav>
  )
}
