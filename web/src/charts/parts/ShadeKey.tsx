import { metric, moment } from '../../lib/format'
import { shadeAt, shades, shadingOf } from '../lib/shade'
import { useTheme } from '../lib/theme'
import type { Values } from '../lib/values'
import styles from './shades.module.css'

const MOST = 8

/** What the shades of a chart mean. */
export function ShadeKey({ values, log }: { values: Values; log?: boolean }) {
  const { paperIs } = useTheme()
  const shading = shadingOf(values, log)
  if (!shading) return null
  if (!values.numeric) {
    const many = values.categories.length
    return (
      <div class={styles.key}>
        <span class={styles.title}>{values.label}</span>
        {values.categories.slice(0, MOST).map((text, index) => (
          <span key={text} class={styles.category}>
            <i style={{ background: shadeAt(many > 1 ? index / (many - 1) : 0.5, paperIs) }} />
            {text}
          </span>
        ))}
        {many > MOST && <span>and {many - MOST} more</span>}
      </div>
    )
  }
  const text = values.time ? moment : metric
  return (
    <div class={styles.key}>
      <span class={styles.title}>{values.label}</span>
      <span>{text(shading.range[0])}</span>
      <i class={styles.scale} style={{ background: shades(paperIs) }} />
      <span>{text(shading.range[1])}</span>
      {shading.log && <span>(log)</span>}
    </div>
  )
}
