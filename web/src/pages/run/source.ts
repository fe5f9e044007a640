/** Where a run came from, and how it is done again: from the tags that programs leave. */

export interface Source {
  name: string | null
  type: string | null
  commit: string | null
  branch: string | null
  repository: string | null
  entryPoint: string | null
  /** the address of the commit, where the host of the repository is one that shows it */
  commitLink: string | null
}

type Tags = ReadonlyMap<string, string>

const HOSTS = /^(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)$/

export function sourceOf(tags: Tags): Source {
  const source = {
    name: tags.get('mlflow.source.name') || null,
    type: tags.get('mlflow.source.type') || null,
    commit: tags.get('mlflow.source.git.commit') || null,
    branch: tags.get('mlflow.source.git.branch') || null,
    repository: tags.get('mlflow.source.git.repoURL') || null,
    entryPoint: tags.get('mlflow.project.entryPoint') || null,
  }
  return { ...source, commitLink: commitLink(source.repository, source.commit) }
}

function commitLink(repository: string | null, commit: string | null): string | null {
  if (!repository || !commit) return null
  const found =
    /^https:\/\/([^/@]+)\/(.+?)(?:\.git)?\/?$/.exec(repository) ??
    /^(?:ssh:\/\/)?git@([^:/]+)[:/](.+?)(?:\.git)?$/.exec(repository)
  if (!found || !HOSTS.test(found[1]!)) return null
  const folder = { 'gitlab.com': '-/commit', 'bitbucket.org': 'commits' }[found[1]!] ?? 'commit'
  return `https://${found[1]}/${found[2]}/${folder}/${commit}`
}

/** A word as a shell reads it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** A text as Python writes it. */
export function pythonText(text: string): string {
  return JSON.stringify(text) // the escapes of JSON are Python's
}

/** Commands that do a run again as far as it is known how; empty if nothing is. */
export function commandsAgain(
  source: Source,
  params: readonly { key: string; value?: string }[],
  { server, runId, hasDiff }: { server: string; runId: string; hasDiff: boolean },
): string {
  const lines: string[] = []
  if (source.type === 'PROJECT' && source.name) {
    return [`export MLFLOW_TRACKING_URI=${shellWord(server)}`, projectCommand(source, params)].join(
      '\n',
    )
  }
  if (source.repository && source.commit) {
    const folder = folderOf(source.repository)
    lines.push(`git clone ${shellWord(source.repository)}`, `cd ${shellWord(folder)}`)
  }
  if (source.commit) lines.push(`git checkout ${shellWord(source.commit)}`)
  const script = source.type === 'LOCAL' && source.name?.endsWith('.py') ? source.name : null
  if (lines.length > 0 || script) lines.push(`export MLFLOW_TRACKING_URI=${shellWord(server)}`)
  if (hasDiff) {
    lines.push(
      '# the changes that were not committed',
      `mlflow artifacts download --run-id ${shellWord(runId)} --artifact-path git/diff.patch --dst-path .`,
      'git apply diff.patch',
    )
  }
  if (script) lines.push(`python ${shellWord(script)}`)
  return lines.join('\n')
}

function projectCommand(
  source: Source,
  params: readonly { key: string; value?: string }[],
): string {
  const words = ['mlflow', 'run', shellWord(source.name!)]
  if (source.commit) words.push('--version', shellWord(source.commit))
  if (source.entryPoint) words.push('--entry-point', shellWord(source.entryPoint))
  const given = params.map(({ key, value = '' }) => `-P ${shellWord(`${key}=${value}`)}`)
  return [words.join(' '), ...given].join(' \\\n  ')
}

function folderOf(repository: string): string {
  return (
    repository
      .replace(/\/+$/, '')
      .split(/[/:]/)
      .at(-1)!
      .replace(/\.git$/, '') || '.'
  )
}

/** A program that reads a run. */
export function fetchSnippet(
  server: string,
  runId: string,
  metric: string | null,
  params: boolean,
): string {
  const lines = [
    'import mlflow',
    '',
    `mlflow.set_tracking_uri(${pythonText(server)})`,
    `run = mlflow.get_run(${pythonText(runId)})`,
    params ? 'print(run.data.params)' : 'print(run.info)',
  ]
  if (metric) {
    lines.push(
      '',
      'client = mlflow.MlflowClient()',
      `points = client.get_metric_history(run.info.run_id, ${pythonText(metric)})`,
    )
  }
  return lines.join('\n')
}
