import { ChevronRight } from 'lucide'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { useVirtualizer } from '@tanstack/react-virtual'
import { Icon } from './Icon'
import styles from './tree.module.css'

/** A line of a tree: what is unfolded stands flat in a list, each item with its depth. */
export interface TreeItem {
  id: string
  /** 1 is the outermost */
  level: number
  /** null: nothing can be below it */
  open: boolean | null
  /** what is shown of it: asked for when it comes into view */
  label: () => ComponentChildren
  /** what typing finds */
  text: string
  /** place among its siblings, from 1, and how many they are */
  place: number
  siblings: number
}

const ROW = 26

/** A tree of any size, of which only what is in view is drawn; arrow keys walk it. */
export function TreeView({
  label,
  items,
  chosen,
  onChoose,
  onToggle,
  class: more,
}: {
  label: string
  items: readonly TreeItem[]
  chosen?: string | null
  onChoose?: (id: string) => void
  onToggle: (id: string, open: boolean) => void
  class?: string | undefined
}) {
  const box = useRef<HTMLDivElement>(null)
  const name = useId()
  const [focused, setFocused] = useState<string | null>(chosen ?? null)
  const found = items.findIndex((item) => item.id === focused)
  const at = found < 0 ? 0 : found
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
  })
  const chosenAt = chosen ? items.findIndex((item) => item.id === chosen) : -1
  const shown = chosenAt >= 0
  useEffect(() => {
    if (!shown) return
    setFocused(chosen!)
    rows.scrollToIndex(chosenAt, { align: 'auto' })
    // only when another one is chosen, or the chosen one has just been listed
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [chosen, shown])
  const move = (index: number) => {
    const to = Math.max(0, Math.min(items.length - 1, index))
    if (!items[to]) return
    setFocused(items[to].id)
    rows.scrollToIndex(to, { align: 'auto' })
  }
  const typed = useRef({ text: '', time: 0 })
  const type = (letter: string) => {
    const now = Date.now()
    const text = (now - typed.current.time > 800 ? '' : typed.current.text) + letter.toLowerCase()
    typed.current = { text, time: now }
    const start = text.length === 1 ? at + 1 : at
    for (let offset = 0; offset < items.length; offset++) {
      const index = (start + offset) % items.length
      if (items[index]!.text.toLowerCase().startsWith(text)) return move(index)
    }
    return undefined
  }
  const pressed = (event: KeyboardEvent) => {
    const item = items[at]
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? 0) / ROW) - 1)
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(at + 1),
      ArrowUp: () => move(at - 1),
      PageDown: () => move(at + page),
      PageUp: () => move(at - page),
      Home: () => move(0),
      End: () => move(items.length - 1),
      ArrowRight: () => (item.open === false ? onToggle(item.id, true) : item.open && move(at + 1)),
      ArrowLeft: () => (item.open ? onToggle(item.id, false) : move(parentOf(items, at))),
      Enter: () => (onChoose ? onChoose(item.id) : toggle(item)),
      ' ': () => (onChoose ? onChoose(item.id) : toggle(item)),
    }
    const act = keys[event.key] ?? (event.key.length === 1 ? () => type(event.key) : null)
    if (!act) return
    event.preventDefault()
    act()
  }
  const toggle = (item: TreeItem) => item.open !== null && onToggle(item.id, !item.open)
  return (
    <div
      ref={box}
      role="tree"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={items[at] ? `${name}-${at}` : undefined}
      class={[styles.tree, more].filter(Boolean).join(' ')}
      onKeyDown={pressed}
    >
      <div role="presentation" style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const item = items[index]
          if (!item) return null
          return (
            <div
              key={item.id}
              id={`${name}-${index}`}
              role="treeitem"
              aria-level={item.level}
              aria-posinset={item.place}
              aria-setsize={item.siblings}
              aria-expanded={item.open ?? undefined}
              aria-selected={item.id === chosen}
              data-focused={index === at || undefined}
              class={styles.item}
              style={{ transform: `translateY(${start}px)`, paddingLeft: 4 + item.level * 14 }}
              onClick={() => {
                setFocused(item.id)
                if (onChoose) onChoose(item.id)
                else toggle(item)
              }}
            >
              <span
                class={styles.twist}
                data-open={item.open || undefined}
                onClick={(event) => {
                  if (item.open === null) return
                  event.stopPropagation()
                  setFocused(item.id)
                  toggle(item)
                }}
              >
                {item.open !== null && <Icon of={ChevronRight} size={14} />}
              </span>
              {item.label()}
            </div>
          )
        })}
      </div>
    </div>
  )
}

/** The place of the item that the one at `at` is below. */
function parentOf(items: readonly TreeItem[], at: number): number {
  const level = items[at]!.level
  for (let index = at - 1; index >= 0; index--) if (items[index]!.level < level) return index
  return at
}
