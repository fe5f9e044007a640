import { address } from '../api/client'
import { paths } from '../paths'

/** One file of a run, as previews are given it. */
export interface FileOfRun {
  runId: string
  path: string
  /** bytes; null where the place does not say */
  size: number | null
  /** where the artifacts of the run are */
  root: string
}

/** The last name of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The folder that a path is in; the root is ''. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** All folders on the way to a path, the outermost first: `a`, `a/b` for `a/b/c`. */
export function foldersAbove(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

export function joined(folder: string, name: string): string {
  return folder ? `${folder}/${name}` : name
}

/** What comes after the last dot, in small letters; '' without one. */
export function endingOf(path: string): string {
  const name = nameOf(path)
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
}

/** Where a file is read to be saved, or by programs. */
export function contentAddress(file: Pick<FileOfRun, 'runId' | 'path'>): string {
  return paths.getArtifact(file.runId, file.path)
}

/** Where a browser is shown it, in an origin of its own. */
export function shownAddress(file: Pick<FileOfRun, 'runId' | 'path'>): string {
  return address('GET artifacts/preview', { run_id: file.runId, path: file.path })
}

/** The path of a file that is named by a path from the folder of another one; null outside. */
export function besideOf(path: string, named: string): string | null {
  let decoded: string
  try {
    decoded = decodeURIComponent(named.replace(/[?#].*$/s, ''))
  } catch {
    return null
  }
  const way = folderOf(path).split('/').filter(Boolean)
  for (const name of decoded.split('/')) {
    if (name === '..' && way.pop() === undefined) return null
    if (name !== '..' && name !== '.' && name !== '') way.push(name)
  }
  return way.join('/') || null
}

/** Shows pictures that a text names by paths beside itself. */
export function picturesBeside(runId: string, path: string) {
  return (named: string) => {
    const found = besideOf(path, named)
    return found && shownAddress({ runId, path: found })
  }
}

/** The URI of an artifact, as the Python API takes it. */
export function uriOf(runId: string, path: string): string {
  return `runs:/${runId}${path && `/${path}`}`
}

/** A text of Python's. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** How a program fetches an artifact. */
export function fetchSnippet(runId: string, path: string, origin: string): string {
  return [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${quoted(origin)})`,
    `path = mlflow.artifacts.download_artifacts(${quoted(uriOf(runId, path))})`,
  ].join('\n')
}

/** How a program adds artifacts to a run. */
export function logSnippet(runId: string, origin: string): string {
  return [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${quoted(origin)})`,
    `with mlflow.start_run(run_id=${quoted(runId)}):`,
    '    mlflow.log_artifact("model.bin")',
    '    mlflow.log_dict({"depth": 3}, "settings.json")',
  ].join('\n')
}
