import { lazy } from 'preact/compat'
import type { FunctionComponent } from 'preact'

/** A page, fetched when it is first opened. */
export interface Page {
  /** the names in the path are handed to the page */
  path: string
  title: string
  page: FunctionComponent<Record<string, string>>
}

const page = (load: () => Promise<FunctionComponent<never>>): Page['page'] =>
  lazy(() => load().then((found) => ({ default: found }))) as Page['page']

const experiments = page(() =>
  import('./pages/experiments/ExperimentsPage').then((found) => found.ExperimentsPage),
)
const experiment = page(() =>
  import('./pages/experiment/ExperimentPage').then((found) => found.ExperimentPage),
)
const run = page(() => import('./pages/run/RunPage').then((found) => found.RunPage))
const compare = page(() => import('./pages/compare/ComparePage').then((found) => found.ComparePage))

/** All pages; the first that fits an address is shown. */
export const ROUTES: readonly Page[] = [
  { path: '/', title: 'Experiments', page: experiments },
  { path: '/experiments', title: 'Experiments', page: experiments },
  { path: '/experiments/:experimentId', title: 'Experiment', page: experiment },
  { path: '/experiments/:experimentId/runs', title: 'Experiment', page: experiment },
  { path: '/experiments/:experimentId/runs/:runId', title: 'Run', page: run },
  { path: '/experiments/:experimentId/runs/:runId/:tab', title: 'Run', page: run },
  { path: '/experiments/:experimentId/runs/:runId/:tab/*', title: 'Run', page: run },
  { path: '/compare-runs', title: 'Compare runs', page: compare },
]

/** The page of a path and the names in it, or null. */
export function match(path: string): { page: Page; names: Record<string, string> } | null {
  for (const each of ROUTES) {
    const names = namesIn(each.path, path)
    if (names) return { page: each, names }
  }
  return null
}

function namesIn(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/')
  const given = path.split('/')
  const rest = wanted.at(-1) === '*'
  if (rest ? given.length < wanted.length : given.length !== wanted.length) return null
  const names: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    if (part === '*') {
      names.rest = given.slice(index).join('/')
    } else if (part.startsWith(':')) {
      const name = decoded(given[index]!)
      if (name === null) return null
      names[part.slice(1)] = name
    } else if (part !== given[index]) return null
  }
  return names
}

/** Part of an address without its escapes, or null if somebody cut it. */
function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part)
  } catch {
    return null
  }
}
