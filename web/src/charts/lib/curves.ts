import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { ask, numbers, type Answer, type Question } from '../../api/client'
import type { ApiError } from '../../api/errors'

export type CurvesQuestion = Question<'metrics/curves'>
type Column = Float64Array<ArrayBuffer>

/** One metric of one run, as much of it as was asked for. */
export interface Curve {
  runId: string
  key: string
  /** points in the range, and whether all of them are here */
  count: number
  exact: boolean
  x: Column
  y: Column
  step: Column
  smoothed: Column | null
  mean: Column | null
  low: Column | null
  high: Column | null
  /** some of it is beyond all scales, and left out */
  infinite?: boolean
}

export interface Curves {
  curves: Curve[]
  /** centres of the parts that all curves share */
  grid: Column | null
}

export function decoded({ curves, grid }: Answer<'metrics/curves'>): Curves {
  return {
    grid: grid ? numbers(grid) : null,
    curves: curves.map((curve) => {
      let infinite = false
      const values = (text: string) => {
        const column = numbers(text)
        infinite = withoutInfinite(column) || infinite
        return column
      }
      const some = (text: string | null | undefined) => (text ? values(text) : null)
      const decoded: Curve = {
        runId: curve.run_id,
        key: curve.metric_key,
        count: curve.count,
        exact: curve.exact,
        x: numbers(curve.x),
        y: values(curve.y),
        step: numbers(curve.step),
        smoothed: some(curve.smoothed),
        mean: some(curve.mean),
        low: some(curve.low),
        high: some(curve.high),
      }
      return infinite ? { ...decoded, infinite } : decoded
    }),
  }
}

/** Infinity is kept as the largest number there is; means of it are not much smaller. */
const BEYOND = 1e300

/** Make gaps of infinite values: one that is drawn would leave no scale to all others. */
export function withoutInfinite(column: Column): boolean {
  let any = false
  for (let index = 0; index < column.length; index++) {
    if (Math.abs(column[index]!) <= BEYOND || Number.isNaN(column[index]!)) continue
    column[index] = NaN
    any = true
  }
  return any
}

/** Drawings of the same curves at another zoom or smoothing stand in until the new ones are here. */
function alike(one: CurvesQuestion, other: CurvesQuestion | undefined): boolean {
  return (
    other !== undefined &&
    one.x === other.x &&
    one.grid === other.grid &&
    JSON.stringify(one.metric_keys) === JSON.stringify(other.metric_keys)
  )
}

/** Curves, decoded once and kept; all that is under `metrics/curves` can be refreshed at once. */
export function useCurves(
  question: CurvesQuestion,
  { enabled = true } = {},
): UseQueryResult<Curves, ApiError> {
  return useQuery<Curves, ApiError>({
    queryKey: ['metrics/curves', 'decoded', question],
    queryFn: async ({ signal }) => decoded(await ask('metrics/curves', question, signal)),
    placeholderData: (before, query) =>
      alike(question, query?.queryKey[2] as CurvesQuestion | undefined) ? before : undefined,
    enabled,
  })
}

const MOST_RUNS = 1000
const MOST_CURVES = 10_000
/** points of all curves of a chart together; beyond that they only lie on each other */
const MOST_POINTS = 60_000

/** How many runs of how many a chart of some metrics can show. */
export function runLimit(metrics: number): number {
  return Math.min(MOST_RUNS, Math.floor(MOST_CURVES / Math.max(1, metrics)))
}

/** Points to ask for per curve: one per pixel of the width, in coarse steps, so that a little
 * resizing asks for nothing. */
export function pointsFor(width: number, curves: number): number {
  const wanted = Math.ceil(Math.max(100, width) / 200) * 200
  return Math.max(50, Math.min(wanted, 4000, Math.floor(MOST_POINTS / Math.max(1, curves))))
}
