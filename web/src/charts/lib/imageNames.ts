/** One image of a series, and where its file is. */
export interface Shot {
  key: string
  step: number
  timestamp: number
  path: string
  /** a smaller copy, if there is one */
  preview: string | null
}

/** `images/` holds files named key+step+N+timestamp+T+id.png; older ones have % instead of +. */
const NAME = /^(.+)([+%])step\2(-?\d+)\2timestamp\2(\d+)\2([0-9a-zA-Z-]+)(\2compressed)?\.(\w+)$/

/** The images of a run from the names in its folder `images`, by key and step. */
export function shotsOf(paths: readonly string[]): Shot[] {
  const found = new Map<string, Shot>()
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const match = NAME.exec(name)
    if (!match) continue
    const [, key, , step, timestamp, id, small] = match
    const whole = `${key} ${step} ${timestamp} ${id}`
    const shot = found.get(whole) ?? {
      key: key!.replaceAll('~', '/').replaceAll('#', '/'),
      step: Number(step),
      timestamp: Number(timestamp),
      path: '',
      preview: null,
    }
    if (small) shot.preview = path
    else shot.path = path
    found.set(whole, shot)
  }
  return [...found.values()]
    .filter((shot) => shot.path || shot.preview)
    .map((shot) => ({ ...shot, path: shot.path || shot.preview! }))
    .sort(
      (a, b) => a.key.localeCompare(b.key, 'en') || a.step - b.step || a.timestamp - b.timestamp,
    )
}

/** The newest image of a key at a step or before it; the first when all are later. */
export function shotAt(shots: readonly Shot[], key: string, step: number): Shot | null {
  let best: Shot | null = null
  for (const shot of shots) {
    if (shot.key !== key) continue
    if (best === null || shot.step <= step) best = shot
  }
  return best
}

/** All steps of some keys, sorted. */
export function stepsOf(shots: readonly Shot[], keys: readonly string[]): number[] {
  const wanted = new Set(keys)
  const steps = new Set(shots.filter((shot) => wanted.has(shot.key)).map((shot) => shot.step))
  return [...steps].sort((a, b) => a - b)
}
