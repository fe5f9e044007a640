import type { Metric } from '../../api/schema'
import type { ChartSpec } from '../../state/view'

const FEW = 24

/**
 * Charts for the metrics of a run that were followed over steps, where many others have but one
 * value, which stands in the overview; null where all can be shown.
 */
export function curvesFirst(metrics: readonly Metric[]): ChartSpec[] | null {
  const own = metrics.filter((metric) => !metric.key.startsWith('system/'))
  const curves = own.filter((metric) => metric.step > 0)
  if (own.length <= FEW || curves.length === 0 || curves.length === own.length) return null
  return curves.map(({ key }) => ({
    id: `metric:${key}`,
    kind: 'line',
    options: { metrics: [key] },
  }))
}
