import { isText } from '../../artifacts/previews/kinds'
import { endingOf, nameOf } from '../../artifacts/files'

/** A file of one or both of two runs: its size in each, null where unknown, undefined where it is not. */
export interface PairedFile {
  path: string
  left: number | null | undefined
  right: number | null | undefined
}

/** What people compare first. */
const SETTINGS = new Set(['cfg', 'conf', 'ini', 'json', 'properties', 'toml', 'yaml', 'yml'])
const SETTING_NAMES = new Set(['MLmodel', 'MLproject', 'requirements.txt'])

function rank({ path, left, right }: PairedFile): number {
  const both = left !== undefined && right !== undefined ? 0 : 4
  if (SETTINGS.has(endingOf(path)) || SETTING_NAMES.has(nameOf(path))) return both
  return both + (isText(path) ? 1 : 2)
}

/** The files of two runs: those of both first, of these settings first, then other text. */
export function pairOf(
  left: ReadonlyMap<string, number | null>,
  right: ReadonlyMap<string, number | null>,
): PairedFile[] {
  const paths = [...new Set([...left.keys(), ...right.keys()])]
  return paths
    .map((path) => ({ path, left: left.get(path), right: right.get(path) }))
    .sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))
}
