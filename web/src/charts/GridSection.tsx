import { ChevronDown, ChevronRight } from 'lucide'
import { useRef, useState } from 'preact/hooks'
import { count, plural } from '../lib/format'
import type { ChartSpec } from '../state/view'
import { Button } from '../ui/Button'
import { Icon } from '../ui/Icon'
import type { Shared } from './ChartBody'
import { ChartCard } from './ChartCard'
import styles from './grid.module.css'
import type { Placed, Section } from './lib/arrange'
import { columnsIn, pictureWidth } from './lib/useWidth'

const FIRST = 24
const HEIGHT = 236
const WIDE = 320
/** folded until somebody wants it */
const FOLDED = new Set(['system'])

/** The charts of one folder of metrics. */
export function GridSection({
  section: { name, charts },
  alone,
  searching,
  width,
  shared,
  onSpec,
  onOpen,
  onDuplicate,
  onRemove,
  onMove,
}: {
  section: Section
  /** there is no other: it needs no name */
  alone: boolean
  searching: boolean
  width: number
  shared: Shared
  onSpec: (spec: ChartSpec) => void
  onOpen: (what: 'edit' | 'rename' | 'full', spec: ChartSpec) => void
  onDuplicate: (spec: ChartSpec) => void
  onRemove: (chart: Placed) => void
  onMove: (id: string, to: number) => void
}) {
  const [folded, setFolded] = useState(!alone && FOLDED.has(name))
  const [most, setMost] = useState(FIRST)
  const dragged = useRef<string | null>(null)
  const columns = columnsIn(width)
  const isOpen = !folded || searching
  const title = name || 'Charts'
  return (
    <section aria-label={title} class={styles.section}>
      {alone ? (
        <h2 class="aside">{title}</h2>
      ) : (
        <button
          type="button"
          class={styles.fold}
          aria-expanded={isOpen}
          onClick={() => setFolded(!folded)}
        >
          <Icon of={isOpen ? ChevronDown : ChevronRight} />
          <h2>{title}</h2>
          <span class="quiet">{plural(charts.length, 'chart')}</span>
        </button>
      )}
      {isOpen && (
        <div
          class={styles.cards}
          style={{ gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}
        >
          {charts.slice(0, most).map((chart, place) => {
            const { spec } = chart
            const span = Math.min(columns, spec.width ?? 1)
            return (
              <ChartCard
                key={spec.id}
                spec={spec}
                shared={shared}
                span={span}
                width={pictureWidth(width, columns, span)}
                height={span > 1 || spec.kind === 'parallel' ? WIDE : HEIGHT}
                onSpec={onSpec}
                onEdit={() => onOpen('edit', spec)}
                onRename={() => onOpen('rename', spec)}
                onFull={() => onOpen('full', spec)}
                onDuplicate={() => onDuplicate(spec)}
                onRemove={() => onRemove(chart)}
                onMove={(by) => onMove(spec.id, place + by)}
                onDrag={(is) => {
                  dragged.current = is ? spec.id : null
                }}
                onDrop={() => {
                  if (dragged.current && dragged.current !== spec.id) onMove(dragged.current, place)
                  dragged.current = null
                }}
              />
            )
          })}
        </div>
      )}
      {isOpen && charts.length > most && (
        <Button onClick={() => setMost(most + 4 * FIRST)}>
          Show more of {count(charts.length)} charts
        </Button>
      )}
    </section>
  )
}
