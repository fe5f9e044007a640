import { useRef, useState } from 'preact/hooks'
import { isSelected } from '../lib/selection'
import { paths } from '../paths'
import { go } from '../state/address'
import type { Place } from './plan'
import type { RunTableProps } from './RunTable'

/** Whether something can be unfolded below a row. */
export function isFoldable(place: Place, tree: boolean): boolean {
  if (place.level.kind === 'groups') return place.row !== null
  return tree && Number(place.row?.cells.children ?? 0) > 0
}

/** The row that the keyboard is on, and what keys and clicks do with it. */
export function useKeys(
  props: RunTableProps,
  box: { current: HTMLDivElement | null },
  height: number,
) {
  const { rows, tree, selected, unfolded } = props
  const [active, setActive] = useState<number | null>(null)
  const anchor = useRef<number | null>(null)

  const show = (index: number) => {
    const element = box.current
    if (!element) return
    const head = element.firstElementChild?.clientHeight ?? 0
    const top = index * height
    if (top < element.scrollTop) element.scrollTop = top
    const bottom = top + height + head
    if (bottom > element.scrollTop + element.clientHeight) {
      element.scrollTop = bottom - element.clientHeight
    }
  }
  const selectTo = async (from: number, to: number, ticked: boolean) => {
    const ids = await rows.idsBetween(Math.min(from, to), Math.max(from, to))
    if (ids.length > 0) props.onSelect(ids, ticked)
  }
  const toggle = (index: number) => {
    const place = rows.at(index)
    if (!place?.row || place.level.kind !== 'runs') return
    anchor.current = index
    props.onSelect([place.row.id], !isSelected(new Set(selected), place.row.id))
  }
  const fold = (index: number, wanted?: boolean) => {
    const place = rows.at(index)
    if (!place?.row || !isFoldable(place, tree)) return false
    const open = unfolded.includes(place.row.id)
    if (wanted === open) return false
    props.onFold(place.row.id, !open)
    return true
  }
  const enter = (index: number) => {
    const place = rows.at(index)
    if (!place?.row || fold(index)) return
    const experimentId = String(place.row.cells['attributes.experiment_id'] ?? '_')
    go(paths.run(experimentId, place.row.id))
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== box.current || event.metaKey || event.altKey) return
    const last = rows.length - 1
    if (last < 0) return
    const page = Math.max(1, Math.floor((box.current!.clientHeight - height) / height) - 1)
    const at = active ?? -1
    const goal = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
      Home: 0, End: last }[event.key] // prettier-ignore
    if (goal !== undefined) {
      event.preventDefault()
      const next = Math.max(0, Math.min(last, goal))
      setActive(next)
      show(next)
      if (event.shiftKey) void selectTo(anchor.current ?? Math.max(0, at), next, true)
      else anchor.current = next
    } else if (event.key === 'a' && event.ctrlKey) {
      event.preventDefault()
      props.onSelectAll()
    } else if (event.key === 'Escape' && selected.length > 0) props.onClear()
    else if (active === null || event.ctrlKey) return
    else if (event.key === ' ') {
      event.preventDefault()
      toggle(active)
    } else if (event.key === 'Enter') enter(active)
    else if (event.key === 'ArrowRight' && fold(active, true)) event.preventDefault()
    else if (event.key === 'ArrowLeft' && fold(active, false)) event.preventDefault()
  }

  const onClick = (event: MouseEvent) => {
    const target = event.target instanceof Element ? event.target : null
    const row = target?.closest<HTMLElement>('[data-index]')
    if (!row || target?.closest('a')) return
    const index = Number(row.dataset.index)
    const doing = target?.closest<HTMLElement>('[data-do]')?.dataset.do
    const place = rows.at(index)
    if (!place?.row) return
    setActive(index)
    box.current?.focus({ preventScroll: true })
    if (doing === 'fold') fold(index)
    else if (doing === 'hide') {
      props.onHide(place.row.id, !props.hidden.includes(place.row.id))
    } else if ((doing === 'select' || event.shiftKey) && place.level.kind === 'runs') {
      if (event.shiftKey && anchor.current !== null) {
        void selectTo(anchor.current, index, true)
        anchor.current = index
      } else toggle(index)
    } else if (event.ctrlKey || event.metaKey) toggle(index)
    else anchor.current = index
  }
  return { active, onKeyDown, onClick }
}
