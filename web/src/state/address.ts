import { useMemo, useSyncExternalStore } from 'preact/compat'

/** What the address says behind its `#`: a path, and parameters. */
export interface Address {
  path: string
  params: URLSearchParams
}

const CHANGED = 'millstream:address'

/** Read the part of an address behind the `#`. */
export function parse(hash: string): Address {
  const text = hash.replace(/^#/, '')
  const cut = text.indexOf('?')
  const path = cut < 0 ? text : text.slice(0, cut)
  return {
    path: `/${path.replace(/^\/+|\/+$/g, '')}`,
    params: new URLSearchParams(cut < 0 ? '' : text.slice(cut + 1)),
  }
}

/** Write it again; parameters that are empty are left out. */
export function format(path: string, params: Record<string, string | null | undefined>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value) query.set(name, value)
  const text = query.toString().replace(/%2C/g, ',').replace(/%3A/g, ':').replace(/%2F/g, '/')
  return `#${path}${text && `?${text}`}`
}

/** Go to an address that `paths` or `format` wrote; `replace` leaves no entry in the history. */
export function go(href: string, { replace = false } = {}): void {
  if (href === window.location.hash) return
  if (replace) window.history.replaceState(null, '', href)
  else window.history.pushState(null, '', href)
  window.dispatchEvent(new Event(CHANGED))
}

/** Change some parameters and keep the others; null removes one. */
export function setParams(
  changes: Record<string, string | null>,
  { replace = true }: { replace?: boolean } = {},
): void {
  const { path, params } = parse(window.location.hash)
  go(format(path, { ...Object.fromEntries(params), ...changes }), { replace })
}

function subscribe(changed: () => void): () => void {
  const events = ['hashchange', 'popstate', CHANGED]
  for (const event of events) window.addEventListener(event, changed)
  return () => {
    for (const event of events) window.removeEventListener(event, changed)
  }
}

/** The present address; a component that uses it is drawn again when it changes. */
export function useAddress(): Address {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash)
  return useMemo(() => parse(hash), [hash])
}
