/** Which params explain a metric: simple measures, and when they cannot be trusted. */
import { learn } from './forest'
import { asNumbers, etaSquared, pearson, spearman, type ParamValue } from './statistics'

export interface Explained {
  name: string
  kind: 'number' | 'category'
  /** runs that have both the param and the metric */
  runs: number
  /** different values among them */
  values: number
  /** −1 to 1, for numbers */
  pearson: number | null
  spearman: number | null
  /** share of the spread of the metric that lies between the values, 0 to 1, for categories */
  etaSquared: number | null
  /** share of what the forest owes to this param, 0 to 1; null without a forest that predicts */
  importance: number | null
  /** why this row says little, if it does */
  doubt: string | null
}

export interface Explanation {
  rows: Explained[]
  /** runs that have the metric */
  runs: number
  /** share of the spread that the forest predicts for runs it was not shown; null: no forest */
  fit: number | null
}

/** fewer runs than this give no forest: it would learn them by heart */
export const FEWEST_RUNS = 10
/** below this share the forest knows hardly more than the mean */
export const LEAST_FIT = 0.1

/** What each param tells about a metric. */
export function explain(
  params: ReadonlyMap<string, readonly ParamValue[]>,
  metric: readonly (number | null)[],
): Explanation {
  const has = metric.flatMap((value, index) =>
    value !== null && Number.isFinite(value) ? [index] : [],
  )
  const y = has.map((index) => metric[index]!)
  const varying = [...params].flatMap(([name, values]) => {
    const own = has.map((index) => values[index] ?? null)
    return new Set(own).size > 1 ? [{ name, values: own }] : []
  })
  const rows = varying.map(({ name, values }) => row(name, values, y))
  const learnt = y.length >= FEWEST_RUNS && varying.length > 0 ? learn(varying, y) : null
  const trusted = learnt !== null && learnt.fit >= LEAST_FIT
  for (const [index, each] of rows.entries()) {
    if (trusted) each.importance = learnt.shares[index]!
  }
  rows.sort((a, b) => strength(b) - strength(a) || (a.name < b.name ? -1 : 1))
  return { rows, runs: y.length, fit: learnt?.fit ?? null }
}

function strength({ importance, spearman, pearson, etaSquared }: Explained): number {
  const plain = Math.max(
    Math.abs(spearman ?? 0),
    Math.abs(pearson ?? 0),
    Math.sqrt(etaSquared ?? 0),
  )
  return importance === null ? plain : 1 + importance
}

function row(name: string, values: readonly ParamValue[], y: readonly number[]): Explained {
  const there = values.flatMap((value, index) => (value === null ? [] : [index]))
  const own = there.map((index) => y[index]!)
  const texts = there.map((index) => values[index]!)
  const numbers = asNumbers(texts) as number[] | null
  const count = new Set(texts).size
  const few = there.length < 5
  return {
    name,
    kind: numbers ? 'number' : 'category',
    runs: there.length,
    values: count,
    pearson: numbers && !few ? pearson(numbers, own) : null,
    spearman: numbers && !few ? spearman(numbers, own) : null,
    etaSquared: numbers || few ? null : etaSquared(texts, own),
    importance: null,
    doubt: few
      ? 'Too few runs have it.'
      : !numbers && count > there.length / 2
        ? 'Nearly every run has a value of its own.'
        : null,
  }
}
