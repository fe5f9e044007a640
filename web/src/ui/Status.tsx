import { Check, CircleDashed, LoaderCircle, OctagonX, X, type IconNode } from 'lucide'
import { Icon } from './Icon'
import styles from './notes.module.css'

const LOOKS: Record<string, { icon: IconNode; label: string }> = {
  FAILED: { icon: X, label: 'Failed' },
  FINISHED: { icon: Check, label: 'Finished' },
  KILLED: { icon: OctagonX, label: 'Killed' },
  RUNNING: { icon: LoaderCircle, label: 'Running' },
  SCHEDULED: { icon: CircleDashed, label: 'Scheduled' },
}

/** The status of a run, by shape, word and colour. */
export function Status({ of, bare = false }: { of: string; bare?: boolean }) {
  const { icon, label } = LOOKS[of] ?? { icon: CircleDashed, label: of }
  return (
    <span class={`${styles.status} ${styles[of] ?? ''}`} title={label}>
      <Icon of={icon} size={14} />
      <span class={bare ? 'aside' : ''}>{label}</span>
    </span>
  )
}
