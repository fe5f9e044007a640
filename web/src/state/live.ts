import { useEffect, useRef, useState } from 'preact/hooks'
import { address, ask } from '../api/client'
import { ROUTES, type ChangedRuns } from '../api/schema'

/** Changes are told together, so that a hundred busy runs cost no more than one. */
const TOGETHER = 1_000
/** Between two questions, where the stream of events is refused. */
const POLL = 5_000
const STREAM = 'GET runs/changes' satisfies keyof typeof ROUTES

/** How changes are learnt: `away` means that the server does not answer at present. */
export type LiveState = 'off' | 'stream' | 'poll' | 'away'

/** Tells which runs of some experiments have changed, until `stop` is called. */
export class Watch {
  #waiting = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | null = null
  #poll: ReturnType<typeof setTimeout> | null = null
  #source: EventSource | null = null
  #stopped = false

  constructor(
    private readonly experimentIds: string[],
    private readonly onChanged: (runIds: string[]) => void,
    private readonly onState: (state: LiveState) => void,
    /** where to go on; null is now */
    public cursor: string | null = null,
  ) {
    this.#stream()
  }

  stop(): void {
    this.#stopped = true
    this.#source?.close()
    if (this.#timer !== null) clearTimeout(this.#timer)
    if (this.#poll !== null) clearTimeout(this.#poll)
  }

  #stream(): void {
    const source = new EventSource(address(STREAM, this.#question()))
    this.#source = source
    source.addEventListener('open', () => this.onState('stream'))
    source.addEventListener('runs', (event) => {
      this.#heard(JSON.parse((event as MessageEvent<string>).data) as ChangedRuns)
    })
    source.addEventListener('error', () => {
      // the browser connects again by itself, unless the server or a proxy refuses streams
      if (source.readyState === EventSource.CLOSED) void this.#ask()
      else this.onState('away')
    })
  }

  async #ask(): Promise<void> {
    if (this.#stopped) return
    let more = false
    try {
      const answer = await ask('runs/changed', this.#question())
      this.onState('poll')
      more = answer.more
      this.#heard(answer)
    } catch {
      this.onState('away')
    }
    if (!this.#stopped) this.#poll = setTimeout(() => void this.#ask(), more ? 0 : POLL)
  }

  #question() {
    return { experiment_ids: this.experimentIds, since: this.cursor }
  }

  #heard({ run_ids, cursor }: ChangedRuns): void {
    if (this.#stopped) return
    this.cursor = cursor
    for (const id of run_ids) this.#waiting.add(id)
    if (this.#waiting.size === 0 || this.#timer !== null) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      const ids = [...this.#waiting]
      this.#waiting.clear()
      this.onChanged(ids)
    }, TOGETHER)
  }
}

/** Call `onChanged` with the runs that changed, at most once a second, while `enabled`. */
export function useLive(
  experimentIds: readonly string[],
  onChanged: (runIds: string[]) => void,
  enabled = true,
): LiveState {
  const [state, setState] = useState<LiveState>('off')
  const latest = useRef(onChanged)
  latest.current = onChanged
  const key = experimentIds.join(',')
  useEffect(() => {
    if (!enabled || !key) {
      setState('off')
      return undefined
    }
    let watch: Watch | null = null
    let cursor: string | null = null
    // a page in the background is not kept up to date; it is when it is seen again
    const begin = () => {
      if (document.hidden) {
        cursor = watch?.cursor ?? cursor
        watch?.stop()
        watch = null
      } else {
        const changed = (runIds: string[]) => latest.current(runIds)
        watch ??= new Watch(key.split(','), changed, setState, cursor)
      }
    }
    begin()
    document.addEventListener('visibilitychange', begin)
    return () => {
      document.removeEventListener('visibilitychange', begin)
      watch?.stop()
    }
  }, [key, enabled])
  return state
}
