import { scaleLinear, scaleLog, scaleTime } from 'd3-scale'
import { moment } from '../../lib/format'

/** From values to places between 0 and 1, and the ticks of an axis. */
export interface Scale {
  kind: 'linear' | 'log' | 'time' | 'category'
  domain: readonly [number, number]
  /** 0 at the start of the domain, 1 at its end; NaN for what has no place */
  at(value: number): number
  /** the value at a place */
  value(place: number): number
  ticks(most: number): Tick[]
}

export interface Tick {
  value: number
  label: string
}

export function linearScale(low: number, high: number): Scale {
  const scale = scaleLinear().domain(apart(low, high))
  return {
    kind: 'linear',
    domain: scale.domain() as [number, number],
    at: (value) => scale(value),
    value: (place) => scale.invert(place),
    ticks: (most) => scale.ticks(most).map((value) => ({ value, label: tickLabel(value) })),
  }
}

export function logScale(low: number, high: number): Scale {
  const [from, to] = low > 0 ? [low, high > low ? high : low * 10] : [0.1, 10]
  const scale = scaleLog().domain([from, to])
  return {
    kind: 'log',
    domain: [from, to],
    at: (value) => (value > 0 ? scale(value) : NaN),
    value: (place) => scale.invert(place),
    ticks: (most) => thinned(logTicks(from, to), most),
  }
}

export function timeScale(low: number, high: number): Scale {
  const scale = scaleTime().domain(apart(low, high, 1000))
  return {
    kind: 'time',
    domain: scale.domain().map(Number) as [number, number],
    at: (value) => scale(value),
    value: (place) => Number(scale.invert(place)),
    ticks: (most) => {
      const values = scale.ticks(most).map(Number)
      const labels = timeLabels(values)
      return values.map((value, index) => ({ value, label: labels[index]! }))
    },
  }
}

/** The scale for an axis of curves: `step`, `time`, `relative`, … */
export function curveScale(axis: string, log: boolean, low: number, high: number): Scale {
  if (log) return logScale(low, high)
  if (axis === 'relative') return secondsScale(low, high)
  return axis === 'time' ? timeScale(low, high) : linearScale(low, high)
}

/** Categories stand in the middle of equal parts. */
export function categoryScale(categories: readonly string[]): Scale {
  const many = Math.max(1, categories.length)
  return {
    kind: 'category',
    domain: [0, many - 1],
    at: (value) => (value + 0.5) / many,
    value: (place) => Math.max(0, Math.min(many - 1, Math.floor(place * many))),
    ticks: (most) =>
      thinned(
        categories.map((label, value) => ({ value, label })),
        most,
      ),
  }
}

/** A range that is not empty. */
function apart(low: number, high: number, least = 0): [number, number] {
  if (low < high) return [low, high]
  const half = Math.max(Math.abs(low) * 0.1, least) || 0.5
  return [low - half, high + half]
}

/** A range with some room at both ends, so that no curve lies on the frame. */
export function padded([low, high]: readonly [number, number], log = false): [number, number] {
  if (log && low > 0) {
    const room = (high / low) ** 0.04
    return low < high ? [low / room, high * room] : [low / 2, high * 2]
  }
  const [from, to] = apart(low, high)
  const room = (to - from) * 0.04
  return [from - room, to + room]
}

function logTicks(low: number, high: number): Tick[] {
  const ticks: Tick[] = []
  const first = Math.floor(Math.log10(low))
  const last = Math.ceil(Math.log10(high))
  const factors = last - first > 3 ? [1] : [1, 2, 5]
  for (let power = first; power <= last; power++) {
    for (const factor of factors) {
      const value = Number(`${factor}e${power}`)
      if (value >= low && value <= high) ticks.push({ value, label: tickLabel(value) })
    }
  }
  return ticks.length > 1 ? ticks : [low, high].map((value) => ({ value, label: tickLabel(value) }))
}

function thinned(ticks: Tick[], most: number): Tick[] {
  if (ticks.length <= most) return ticks
  const every = Math.ceil(ticks.length / Math.max(1, most))
  return ticks.filter((_, index) => index % every === 0)
}

const UNITS: readonly [number, string][] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]

/** A number on an axis: `20k`, `0.05`, `1e-7`. */
export function tickLabel(value: number): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 1e15 || size < 1e-4) return value.toExponential().replace(/^(-?\d+\.\d{3})\d+/, '$1')
  for (const [unit, name] of UNITS) {
    if (size >= unit * (unit === 1e3 ? 10 : 1))
      return `${Number((value / unit).toPrecision(6))}${name}`
  }
  return String(Number(value.toPrecision(6)))
}

/** A length of time in seconds, short: `90 s`, `12 min`, `3.5 h`. */
export function secondsLabel(seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 120) return `${tickLabel(seconds)} s`
  if (size < 2 * 3600) return `${tickLabel(Number((seconds / 60).toPrecision(4)))} min`
  if (size < 48 * 3600) return `${tickLabel(Number((seconds / 3600).toPrecision(4)))} h`
  return `${tickLabel(Number((seconds / 86_400).toPrecision(4)))} d`
}

const DAY = 86_400_000

/** Times on an axis: `14:30`, the day where one begins, seconds where they matter. */
export function timeLabels(times: readonly number[]): string[] {
  const apart = times.length > 1 ? times[1]! - times[0]! : DAY
  return times.map((time) => {
    const [day, clock] = moment(time).split(' ') as [string, string]
    const short = apart < 60_000 ? clock : clock.slice(0, 5)
    return apart >= DAY || clock === '00:00:00' ? day.slice(5) : short
  })
}

/** Steps between ticks of an axis in seconds: parts of minutes, hours and days. */
export const SECONDS = [
  ...[1e-4, 1e-3, 1e-2, 0.1].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 60].flatMap((unit) => [1, 2, 5, 10, 15, 30].map((many) => many * unit)),
  ...[1, 2, 3, 6, 12].map((hours) => hours * 3600),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((days) => days * 86_400),
]

/** A linear scale in seconds. */
export function secondsScale(low: number, high: number): Scale {
  const scale = linearScale(low, high)
  const [from, to] = scale.domain
  return {
    ...scale,
    ticks: (most) => {
      const step = SECONDS.find((each) => (to - from) / each <= most) ?? (to - from) / most
      const first = Math.ceil(from / step)
      const many = Math.floor(to / step) - first + 1
      return Array.from({ length: Math.max(0, many) }, (_, index) => {
        const value = (first + index) * step
        return { value, label: secondsLabel(value) }
      })
    },
  }
}
