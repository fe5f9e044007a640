import { address } from '../api/client'
import { ROUTES } from '../api/schema'
import { bytes } from '../lib/format'
import { joined } from './files'

export type UploadState = 'waiting' | 'sending' | 'done' | 'failed' | 'cancelled'

export interface Upload {
  id: number
  path: string
  file: File
  /** bytes that have gone */
  sent: number
  state: UploadState
  problem: string | null
}

/** A file, and where in the open folder it goes. */
export interface Chosen {
  path: string
  file: File
}

const AT_ONCE = 3
/** bytes that the endpoint for any place takes */
const MOST_ANYWHERE = 10 * 1024 * 1024
const SERVED = /^mlflow-artifacts:\/(?!\/)(.*)$/

/**
 * Where the content of a new artifact is sent.
 *
 * What this server keeps takes files of any size; what is kept elsewhere goes through an endpoint
 * with a limit.
 */
export function target(root: string, runId: string, path: string): readonly [string, string] {
  const served = SERVED.exec(root)
  if (!served) return ['POST', address('POST upload-artifact', { run_uuid: runId, path })]
  const way = joined(served[1]!.replace(/^\/+|\/+$/g, ''), path)
  const [method, base] = ROUTES['PUT mlflow-artifacts/artifacts']
  return [method, `${base}/${way.split('/').map(encodeURIComponent).join('/')}`]
}

/** Why a file cannot be sent, before any of it is. */
export function refusal(root: string, size: number): string | null {
  if (SERVED.test(root) || size <= MOST_ANYWHERE) return null
  return (
    `Files above ${bytes(MOST_ANYWHERE)} cannot be sent from a browser to ${root}. ` +
    'Send it with mlflow.log_artifact.'
  )
}

/** Files on their way to a run. They are read from the disk as they go, never as a whole. */
export class Uploads {
  private items: readonly Upload[] = []
  private readonly requests = new Map<number, XMLHttpRequest>()
  private readonly listeners = new Set<() => void>()
  private last = 0
  private told = false

  constructor(
    private readonly runId: string,
    private readonly onDone: () => void,
  ) {}

  readonly subscribe = (changed: () => void): (() => void) => {
    this.listeners.add(changed)
    return () => this.listeners.delete(changed)
  }

  readonly all = (): readonly Upload[] => this.items

  add(root: string, chosen: readonly Chosen[]): void {
    const added = chosen.map(({ path, file }): Upload => {
      const problem = refusal(root, file.size)
      const state = problem ? 'failed' : 'waiting'
      return { id: ++this.last, path, file, sent: 0, state, problem }
    })
    this.items = [...this.items, ...added]
    this.tell()
    for (let started = this.requests.size; started < AT_ONCE; started++) this.next(root)
  }

  cancel(id: number): void {
    const upload = this.items.find((each) => each.id === id)
    if (upload?.state === 'waiting') this.change(id, { state: 'cancelled' })
    this.requests.get(id)?.abort()
  }

  cancelAll(): void {
    for (const { id, state } of this.items) {
      if (state === 'waiting') this.change(id, { state: 'cancelled' })
    }
    for (const request of this.requests.values()) request.abort()
  }

  /** Forget what is over. */
  clear(): void {
    this.items = this.items.filter(({ state }) => state === 'waiting' || state === 'sending')
    this.tell()
  }

  private next(root: string): void {
    const upload = this.items.find(({ state }) => state === 'waiting')
    if (!upload) {
      if (this.requests.size === 0) this.onDone()
      return
    }
    const { id, path, file } = upload
    const request = new XMLHttpRequest()
    this.requests.set(id, request)
    this.change(id, { state: 'sending' })
    const over = (change: Partial<Upload>) => {
      this.requests.delete(id)
      this.change(id, change)
      this.next(root)
    }
    request.upload.addEventListener('progress', ({ loaded }) => this.change(id, { sent: loaded }))
    request.addEventListener('load', () => {
      if (request.status < 300) over({ state: 'done', sent: file.size })
      else over({ state: 'failed', problem: said(request) })
    })
    request.addEventListener('error', () =>
      over({ state: 'failed', problem: 'The connection broke, or the file cannot be read.' }),
    )
    request.addEventListener('abort', () => over({ state: 'cancelled' }))
    request.open(...target(root, this.runId, path))
    request.setRequestHeader('Content-Type', 'application/octet-stream')
    request.send(file)
  }

  private change(id: number, change: Partial<Upload>): void {
    this.items = this.items.map((each) => (each.id === id ? { ...each, ...change } : each))
    this.tell()
  }

  /** Have it drawn again, at most once per frame. */
  private tell(): void {
    if (this.told) return
    this.told = true
    requestAnimationFrame(() => {
      this.told = false
      for (const each of this.listeners) each()
    })
  }
}

/** What the server said to an upload that it refused. */
function said(request: XMLHttpRequest): string {
  try {
    return (JSON.parse(request.responseText) as { message: string }).message
  } catch {
    return `The server answered ${request.status} ${request.statusText}`.trim()
  }
}
