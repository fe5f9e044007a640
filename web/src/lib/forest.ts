/** A random forest, small and the same every time, that is asked what it owes to each param. */
import { asNumbers, mean, type ParamValue } from './statistics'

const MOST_RUNS = 500
export const TREES = 60
const DEEPEST = 8
const FEWEST_IN_LEAF = 2

/** A param, with a value per run. */
interface Feature {
  name: string
  values: readonly ParamValue[]
}

/** A param as numbers: its own, or a number for each of its values. */
interface Column {
  numbers: Float64Array
  ordered: boolean
}

type Node =
  { value: number } | { feature: number; left: (number: number) => boolean; yes: Node; no: Node }

/** Chance that is the same every time. */
function dice(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let value = Math.imul(state ^ (state >>> 15), state | 1)
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61)
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296
  }
}

function columnOf(values: readonly ParamValue[]): Column {
  const numbers = asNumbers(values)
  if (numbers) {
    const sorted = numbers.filter((value) => value !== null).sort((a, b) => a - b)
    const middle = sorted[sorted.length >> 1]!
    return { numbers: Float64Array.from(numbers, (value) => value ?? middle), ordered: true }
  }
  const codes = new Map<ParamValue, number>()
  const code = (value: ParamValue) => {
    if (!codes.has(value)) codes.set(value, codes.size)
    return codes.get(value)!
  }
  return { numbers: Float64Array.from(values, code), ordered: false }
}

/** Grow a forest; each tree is asked about the runs that it was not shown, as they are and shuffled. */
export function learn(features: readonly Feature[], all: readonly number[]) {
  const step = Math.max(1, Math.ceil(all.length / MOST_RUNS))
  const kept = all.map((_, index) => index).filter((index) => index % step === 0)
  const y = kept.map((index) => all[index]!)
  const columns = features.map(({ values }) => columnOf(kept.map((index) => values[index]!)))
  const spread = mean(y.map((value) => (value - mean(y)) ** 2))
  if (spread === 0) return null
  const random = dice(1)
  const sums = new Float64Array(y.length)
  const votes = new Uint32Array(y.length)
  const harm = new Float64Array(features.length)
  for (let tree = 0; tree < TREES; tree++) {
    const shown = y.map(() => Math.floor(random() * y.length))
    const seen = new Set(shown)
    const unseen = y.flatMap((_, index) => (seen.has(index) ? [] : [index]))
    if (unseen.length === 0) continue
    const used = new Set<number>()
    const root = grow(columns, y, shown, 0, random, used)
    let error = 0
    for (const index of unseen) {
      const guess = ask(root, (feature) => columns[feature]!.numbers[index]!)
      sums[index]! += guess
      votes[index]!++
      error += (guess - y[index]!) ** 2
    }
    for (const feature of used) {
      const mixed = shuffled(unseen, random)
      let worse = 0
      for (const [at, index] of unseen.entries()) {
        const guess = ask(
          root,
          (each) => columns[each]!.numbers[each === feature ? mixed[at]! : index]!,
        )
        worse += (guess - y[index]!) ** 2
      }
      harm[feature]! += (worse - error) / unseen.length
    }
  }
  let missed = 0
  let asked = 0
  for (let index = 0; index < y.length; index++) {
    if (votes[index] === 0) continue
    missed += (sums[index]! / votes[index]! - y[index]!) ** 2
    asked++
  }
  const gains = [...harm].map((value) => Math.max(0, value))
  const sum = gains.reduce((total, value) => total + value, 0)
  return {
    fit: asked === 0 ? 0 : 1 - missed / asked / spread,
    shares: gains.map((value) => (sum === 0 ? 0 : value / sum)),
  }
}

function shuffled(list: readonly number[], random: () => number): number[] {
  const mixed = [...list]
  for (let index = mixed.length - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    ;[mixed[index], mixed[other]] = [mixed[other]!, mixed[index]!]
  }
  return mixed
}

function ask(node: Node, number: (feature: number) => number): number {
  while ('feature' in node) node = node.left(number(node.feature)) ? node.yes : node.no
  return node.value
}

function grow(
  columns: readonly Column[],
  y: readonly number[],
  rows: readonly number[],
  depth: number,
  random: () => number,
  used: Set<number>,
): Node {
  const leaf = { value: mean(rows.map((row) => y[row]!)) }
  if (depth === DEEPEST || rows.length < 2 * FEWEST_IN_LEAF) return leaf
  const tried = shuffled(
    columns.map((_, index) => index),
    random,
  ).slice(0, Math.max(1, Math.ceil(columns.length / 2)))
  let best: { gain: number; feature: number; left: (number: number) => boolean } | null = null
  for (const feature of tried) {
    const found = split(columns[feature]!, y, rows)
    if (found && found.gain > (best?.gain ?? 1e-12)) best = { ...found, feature }
  }
  if (!best) return leaf
  const { feature, left } = best
  const { numbers } = columns[feature]!
  used.add(feature)
  const yes = rows.filter((row) => left(numbers[row]!))
  const no = rows.filter((row) => !left(numbers[row]!))
  return {
    feature,
    left,
    yes: grow(columns, y, yes, depth + 1, random, used),
    no: grow(columns, y, no, depth + 1, random, used),
  }
}

/** The cut that takes most of the spread away; values of a category are ordered by their mean. */
function split({ numbers, ordered }: Column, y: readonly number[], rows: readonly number[]) {
  const groups = new Map<number, { sum: number; count: number }>()
  let total = 0
  for (const row of rows) {
    const group = groups.get(numbers[row]!) ?? { sum: 0, count: 0 }
    group.sum += y[row]!
    group.count++
    groups.set(numbers[row]!, group)
    total += y[row]!
  }
  const list = [...groups].sort(([a, x], [b, z]) =>
    ordered ? a - b : x.sum / x.count - z.sum / z.count,
  )
  const all = rows.length
  const base = (total * total) / all
  let sum = 0
  let count = 0
  let best = { gain: 0, at: -1 }
  for (const [at, [, group]] of list.slice(0, -1).entries()) {
    sum += group.sum
    count += group.count
    if (count < FEWEST_IN_LEAF || all - count < FEWEST_IN_LEAF) continue
    const gain = (sum * sum) / count + (total - sum) ** 2 / (all - count) - base
    if (gain > best.gain) best = { gain, at }
  }
  if (best.at < 0) return null
  if (ordered) {
    const cut = (list[best.at]![0] + list[best.at + 1]![0]) / 2
    return { gain: best.gain, left: (number: number) => number <= cut }
  }
  const yes = new Set(list.slice(0, best.at + 1).map(([value]) => value))
  return { gain: best.gain, left: (number: number) => yes.has(number) }
}
