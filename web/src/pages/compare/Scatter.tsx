import { scaleLinear, scaleLog, scalePoint } from 'd3-scale'
import { useMemo } from 'preact/hooks'
import { metric as numberText, plural } from '../../lib/format'
import { asNumbers } from '../../lib/statistics'
import { paths } from '../../paths'
import { go } from '../../state/address'
import { setHighlighted } from '../../state/highlight'
import styles from './compare.module.css'
import type { ComparedRun } from './ComparePage'

const WIDTH = 620
const HEIGHT = 400
const LEFT = 66
const BOTTOM = 46
const TOP = 14
const RIGHT = 16
/** from this ratio on, a scale of numbers is logarithmic */
const WIDE = 50

interface Point {
  run: ComparedRun
  left: number
  top: number
  text: string
}

/** A metric over a param, a point per run; categories stand side by side. */
export function Scatter({
  param,
  metric,
  x,
  y,
  runs,
}: {
  param: string
  metric: string
  x: readonly (string | null)[]
  y: readonly (number | null)[]
  runs: readonly ComparedRun[]
}) {
  const { points, xTicks, yTicks, log } = useMemo(() => layout(x, y, runs), [x, y, runs])
  return (
    <figure class={styles.scatter}>
      <figcaption>
        <strong>{metric}</strong> by <strong>{param}</strong>
        {log && <span class="quiet"> (logarithmic)</span>}
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="group"
        aria-label={`Scatter of ${metric} by ${param}, ${plural(points.length, 'run')}`}
      >
        {yTicks.map(({ at, text }) => (
          <g key={text}>
            <line class={styles.gridLine} x1={LEFT} x2={WIDTH - RIGHT} y1={at} y2={at} />
            <text x={LEFT - 8} y={at + 4} text-anchor="end">
              {text}
            </text>
          </g>
        ))}
        {xTicks.map(({ at, text }) => (
          <g key={text}>
            <line class={styles.gridLine} x1={at} x2={at} y1={TOP} y2={HEIGHT - BOTTOM} />
            <text x={at} y={HEIGHT - BOTTOM + 18} text-anchor="middle">
              {text.length > 14 ? `${text.slice(0, 13)}…` : text}
            </text>
          </g>
        ))}
        <text class={styles.axisName} x={(LEFT + WIDTH) / 2} y={HEIGHT - 8} text-anchor="middle">
          {param}
        </text>
        {points.map(({ run, left, top, text }) => (
          <a
            key={run.id}
            href={paths.run(run.experimentId, run.id)}
            aria-label={text}
            onMouseEnter={() => setHighlighted(run.id)}
            onMouseLeave={() => setHighlighted(null)}
            onClick={(event) => {
              event.preventDefault()
              go(paths.run(run.experimentId, run.id))
            }}
          >
            <circle cx={left} cy={top} r={5} style={{ fill: run.colour }}>
              <title>{text}</title>
            </circle>
          </a>
        ))}
      </svg>
    </figure>
  )
}

interface Tick {
  at: number
  text: string
}

function layout(
  x: readonly (string | null)[],
  y: readonly (number | null)[],
  runs: readonly ComparedRun[],
): { points: Point[]; xTicks: Tick[]; yTicks: Tick[]; log: boolean } {
  const there = runs.flatMap((run, index) => {
    const value = y[index] ?? null
    const given = x[index] ?? null
    return value !== null && Number.isFinite(value) && given !== null ? [{ run, given, value }] : []
  })
  const yScale = scaleLinear(extent(there.map(({ value }) => value)), [HEIGHT - BOTTOM, TOP]).nice()
  const yTicks = yScale.ticks(6).map((value) => ({ at: yScale(value), text: numberText(value) }))
  const across = acrossOf(there.map(({ given }) => given))
  const points = there.map(({ run, given, value }) => ({
    run,
    left: across.place(given),
    top: yScale(value),
    text: `${run.name}: ${given}, ${numberText(value)}`,
  }))
  return { points, xTicks: across.ticks, yTicks, log: across.log }
}

function extent(values: readonly number[]): [number, number] {
  const low = Math.min(...values)
  const high = Math.max(...values)
  return low === high ? [low - 1, high + 1] : [low, high]
}

/** Where values stand from left to right. */
function acrossOf(values: readonly string[]): {
  place: (value: string) => number
  ticks: Tick[]
  log: boolean
} {
  const range: [number, number] = [LEFT + 12, WIDTH - RIGHT - 12]
  const numbers = asNumbers(values) as number[] | null
  if (!numbers) {
    const names = [...new Set(values)].sort()
    const scale = scalePoint(names, range).padding(0.5)
    const step = Math.ceil(names.length / 8)
    const ticks = names
      .filter((_, index) => index % step === 0)
      .map((text) => ({ at: scale(text)!, text }))
    return { place: (value) => scale(value)!, ticks, log: false }
  }
  const [low, high] = extent(numbers)
  const log = low > 0 && high / low >= WIDE
  const scale = log ? scaleLog([low, high], range) : scaleLinear([low, high], range).nice()
  const format = log ? scale.tickFormat(6, '~g') : numberText
  const ticks = scale
    .ticks(6)
    .map((value) => ({ at: scale(value), text: format(value) }))
    .filter(({ text }) => text !== '')
  return { place: (value) => scale(Number(value)), ticks, log }
}
