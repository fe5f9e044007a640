type Range = readonly [number, number]

/** What a key asks of a chart. */
export interface Wish {
  /** put the cursor there */
  cursor?: number
  /** show this part */
  range?: [number, number]
  /** keep the values at the cursor */
  hold?: boolean
  /** show all */
  reset?: boolean
}

interface KeyPress {
  key: string
  shiftKey: boolean
  metaKey: boolean
  ctrlKey: boolean
  altKey: boolean
}

/** Arrows move the cursor, + and - zoom at it, Enter keeps its values, 0 and Escape show all. */
export function chartKey(
  { key, shiftKey, metaKey, ctrlKey, altKey }: KeyPress,
  { range, log, at }: { range: Range; log: boolean; at: number | null },
): Wish | null {
  if (metaKey || ctrlKey || altKey) return null
  const to = log ? Math.log : (value: number) => value
  const from = log ? Math.exp : (value: number) => value
  const [low, high] = [to(range[0]), to(range[1])]
  const width = high - low
  const place = at === null ? (low + high) / 2 : to(at)
  const clamp = (value: number) => from(Math.min(high, Math.max(low, value)))
  switch (key) {
    case 'ArrowLeft':
      return { cursor: clamp(place - width / (shiftKey ? 10 : 50)) }
    case 'ArrowRight':
      return { cursor: clamp(place + width / (shiftKey ? 10 : 50)) }
    case 'Home':
      return { cursor: range[0] }
    case 'End':
      return { cursor: range[1] }
    case '+':
    case '=':
      return { range: [from(place - width / 4), from(place + width / 4)] }
    case '-':
      return { range: [from(place - width), from(place + width)] }
    case 'Enter':
      return { hold: true }
    case '0':
    case 'Escape':
      return { reset: true }
    default:
      return null
  }
}
