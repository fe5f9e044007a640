/** Numbers, times and sizes as people read them. */

/** A value of a metric: six significant digits, which tell runs apart and stay narrow. */
export function metric(value: number | null | undefined): string {
  if (value === null || value === undefined) return ''
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞'
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value)
  const size = Math.abs(value)
  if (size >= 1e6 || size < 1e-4) return value.toExponential(4).replace(/\.?0+e/, 'e')
  return String(Number(value.toPrecision(6)))
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `3 runs`, `1 run`. */
export function plural(value: number, noun: string, many = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : many}`
}

/** What a run is called: a name of nothing but spaces could neither be seen nor clicked. */
export function runName(name: unknown, id: string): string {
  const text = String(name ?? '')
  return text.trim() === '' ? id.slice(0, 8) : text
}

const STEPS: readonly [limit: number, unit: number, name: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [30 * 86_400, 86_400, 'day'],
  [365 * 86_400, 30 * 86_400, 'month'],
  [Infinity, 365 * 86_400, 'year'],
]
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

/** `5 min. ago`, for a time in milliseconds since the epoch. */
export function ago(time: number, now = Date.now()): string {
  const seconds = Math.max(0, (now - time) / 1000)
  if (seconds < 5) return 'just now'
  const [, unit, name] = STEPS.find(([limit]) => seconds < limit)!
  return RELATIVE.format(-Math.floor(seconds / unit), name)
}

/** `2026-11-21 14:03:22`, in the reader's own time zone. */
export function moment(time: number): string {
  const date = new Date(time)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** `2 h 5 min`, for a length in milliseconds. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `1.4 MB`, for a number of bytes. */
export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let unit = 0
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000
    unit++
  }
  return `${unit === 0 ? size : Number(size.toPrecision(3))} ${units[unit]}`
}
