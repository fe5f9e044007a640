import type { Cell } from '../../api/runs'
import { columnName } from '../../lib/columns'
import { smallIsGood } from '../../lib/compare'
import { objectiveOf } from '../../lib/objective'
import type { Names } from '../types'
import { byNature, valuesOf } from './values'

/** What a chart shows before anybody has chosen: the likely objective, over params that vary. */

const AXES = 7
/** More different words than this are names, not categories. */
const MOST_CATEGORIES = 20

/**
 * The params with at least two values among the runs that have them, and that say something: numbers
 * first, then categories.
 */
export function varyingParams(columns: Readonly<Record<string, readonly Cell[]>>): string[] {
  const numbers: string[] = []
  const words: string[] = []
  for (const [name, cells] of Object.entries(columns)) {
    const values = valuesOf(name, cells)
    if (values.numeric) {
      const found = new Set(values.numbers.filter((value) => !Number.isNaN(value)))
      if (found.size > 1) numbers.push(name)
    } else if (values.categories.length > 1 && values.categories.length <= MOST_CATEGORIES) {
      words.push(name)
    }
  }
  return [...numbers.sort(byNature), ...words.sort(byNature)]
}

/** The options of a new chart of some kind. `varying` are names of columns. */
export function firstOptions(
  kind: string,
  names: Names,
  varying: readonly string[],
): Record<string, unknown> {
  const key = objectiveOf(names.metrics)
  if (key === null) return {}
  const objective = columnName('metrics', key)
  const [x, y] = varying
  switch (kind) {
    case 'line':
      return { metrics: [key] }
    case 'bar':
      return { column: objective, ...(smallIsGood(key) && { lowest: true }) }
    case 'histogram':
      return { column: objective }
    case 'scatter':
      return x ? { x, y: objective } : {}
    case 'box':
      return x ? { by: varying.at(-1), value: objective } : {}
    case 'contour':
      return x && y ? { x, y, z: objective } : {}
    case 'parallel':
      return x ? { axes: [...varying.slice(0, AXES), objective] } : {}
    default:
      return {}
  }
}
