import { X } from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import { setHighlighted, useHighlighted } from '../state/highlight'
import type { ChartSpec } from '../state/view'
import { IconButton } from '../ui/Button'
import { ChartBody, titleOf, type Shared } from './ChartBody'
import styles from './grid.module.css'
import { Legend } from './parts/Legend'
import type { Picture } from './types'

const AROUND = { width: 48, height: 150 }

/** A chart as large as the window. */
export function FullScreen({
  spec,
  shared,
  onSpec,
  onClose,
}: {
  spec: ChartSpec
  shared: Shared
  onSpec: (spec: ChartSpec) => void
  onClose: () => void
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [picture, setPicture] = useState<Picture | null>(null)
  const size = useWindow()
  const highlighted = useHighlighted()
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      if (before instanceof HTMLElement) before.focus()
    }
  }, [])
  const title = titleOf(spec)
  return (
    <dialog ref={dialog} class={styles.full} aria-label={title} onClose={onClose}>
      <header class={styles.head}>
        <h2 class="ellipsis">{title}</h2>
        <IconButton icon={X} label="Close" onClick={onClose} />
      </header>
      <ChartBody
        spec={spec}
        title={title}
        shared={shared}
        width={size.width - AROUND.width}
        height={size.height - AROUND.height}
        onOptions={(options) => onSpec({ ...spec, options })}
        onPicture={setPicture}
      />
      <footer class={styles.notes}>{picture?.notes.join(' · ')}</footer>
      <Legend
        label="Runs of this chart"
        entries={shared.runs.map((run) => ({ ...run, label: run.name }))}
        marked={highlighted}
        pinned={shared.pinned}
        onMark={setHighlighted}
        onPin={shared.onPin}
      />
    </dialog>
  )
}

function useWindow(): { width: number; height: number } {
  const read = () => ({ width: window.innerWidth, height: window.innerHeight })
  const [size, setSize] = useState(read)
  useEffect(() => {
    const changed = () => setSize(read())
    window.addEventListener('resize', changed)
    return () => window.removeEventListener('resize', changed)
  }, [])
  return size
}
