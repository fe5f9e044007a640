import { useRef } from 'preact/hooks'

/** A value that stays the same object as long as it says the same, for what depends on it. */
export function useSame<T>(value: T): T {
  const kept = useRef(value)
  if (kept.current !== value && JSON.stringify(kept.current) !== JSON.stringify(value)) {
    kept.current = value
  }
  return kept.current
}
