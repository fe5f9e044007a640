import { bar } from './bar'
import { box } from './box'
import { contour } from './contour'
import { histogram } from './histogram'
import { images } from './images'
import { line } from './line'
import { parallel } from './parallel'
import { scatter } from './scatter'
import type { ChartKind } from './types'

/** A kind whose options are its own business. */
const kind = <O extends object>(of: ChartKind<O>): ChartKind => of as unknown as ChartKind

/** All kinds of charts, sorted by name. */
export const KINDS: readonly ChartKind[] = [
  kind(bar),
  kind(box),
  kind(contour),
  kind(histogram),
  kind(images),
  kind(line),
  kind(parallel),
  kind(scatter),
]

/** The kind of a chart; what an address names and nobody knows has none. */
export function kindOf(name: string): ChartKind | undefined {
  return KINDS.find((each) => each.kind === name)
}
