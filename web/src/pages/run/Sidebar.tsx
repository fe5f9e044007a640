import { duration, moment } from '../../lib/format'
import { paths } from '../../paths'
import { Badge } from '../../ui/Notes'
import { TagEditor } from '../../ui/TagEditor'
import { tagRun } from './actions'
import { Datasets } from './Datasets'
import { Fact } from './Fact'
import { Models } from './Models'
import { Panel } from './Panel'
import type { RunView } from './run'
import styles from './run.module.css'
import { sourceOf } from './source'
import { useFiles } from './useFiles'

/** What is known about a run beside its params and metrics. */
export function Sidebar({ run }: { run: RunView }) {
  return (
    <aside class={styles.sidebar} aria-label="About this run">
      <Details run={run} />
      <Tags run={run} />
      <Datasets inputs={run.message.inputs?.dataset_inputs ?? []} />
      <Models run={run} />
      <Code run={run} />
    </aside>
  )
}

function Details({ run }: { run: RunView }) {
  const { artifact_uri: place } = run.message.info
  return (
    <Panel title="Details">
      <dl class={styles.list}>
        <Fact name="Started">{moment(run.start)}</Fact>
        <Fact name="Ended">{run.end === null ? '–' : moment(run.end)}</Fact>
        {run.end !== null && <Fact name="Duration">{duration(run.end - run.start)}</Fact>}
        <Fact name="User">{run.user || '–'}</Fact>
        <Fact name="Experiment">
          <a href={paths.experiment(run.experimentId)}>{run.experimentId}</a>
        </Fact>
        <Fact name="Artifacts" copy={place}>
          <span class={styles.oneLine} title={place}>
            {place}
          </span>
        </Fact>
      </dl>
    </Panel>
  )
}

function Tags({ run }: { run: RunView }) {
  const all = [...run.tags].map(([key, value]) => ({ key, value }))
  const own = all.filter((tag) => !tag.key.startsWith('mlflow.'))
  const others = all.filter((tag) => tag.key.startsWith('mlflow.'))
  return (
    <Panel title="Tags" shown={own.length} all={own.length}>
      <div class={styles.inner}>
        <TagEditor
          tags={own}
          onSet={(key, value) => tagRun(run.id, key, value)}
          onDelete={(key) => tagRun(run.id, key, null)}
        />
        {others.length > 0 && (
          <details class={styles.fold}>
            <summary>{others.length} that programs keep</summary>
            <dl class={styles.list}>
              {others.map(({ key, value }) => (
                <Fact key={key} name={key.replace('mlflow.', '')} copy={value}>
                  {value.length > 160 ? `${value.slice(0, 160)} …` : value}
                </Fact>
              ))}
            </dl>
          </details>
        )}
      </div>
    </Panel>
  )
}

function Code({ run }: { run: RunView }) {
  const source = sourceOf(run.tags)
  const files = useFiles(run)
  const { commit, commitLink, branch, repository, name, type, entryPoint } = source
  if (!name && !commit && files.length === 0) return null
  const short = commit?.slice(0, 10)
  const environment = ENVIRONMENT.flatMap(([key, label]) => {
    const value = run.tags.get(key)
    return value ? [[label, value] as const] : []
  })
  return (
    <Panel title="Code and environment">
      <dl class={styles.list}>
        {name && (
          <Fact name="Source" copy={name}>
            {name} {type && <Badge>{type.toLowerCase()}</Badge>}
          </Fact>
        )}
        {entryPoint && <Fact name="Entry point">{entryPoint}</Fact>}
        {commit && (
          <Fact name="Commit" copy={commit}>
            {commitLink ? (
              <a href={commitLink} target="_blank" rel="noreferrer">
                <code>{short}</code>
              </a>
            ) : (
              <code>{short}</code>
            )}
          </Fact>
        )}
        {branch && <Fact name="Branch">{branch}</Fact>}
        {repository && (
          <Fact name="Repository" copy={repository}>
            {repository}
          </Fact>
        )}
        {environment.map(([label, value]) => (
          <Fact key={label} name={label}>
            {value}
          </Fact>
        ))}
        {files.map(({ path, label }) => (
          <Fact key={path} name={label}>
            <a href={paths.artifact(run.experimentId, run.id, path)}>{path}</a>
          </Fact>
        ))}
      </dl>
    </Panel>
  )
}

/** Tags that say where a run ran, and what they are called here. */
const ENVIRONMENT = [
  ['mlflow.project.env', 'Environment'],
  ['mlflow.project.backend', 'Backend'],
  ['mlflow.docker.image.uri', 'Image'],
  ['mlflow.docker.image.id', 'Image id'],
  ['mlflow.python.version', 'Python'],
  ['python_version', 'Python'],
  ['platform', 'Platform'],
  ['mlflow.databricks.cluster.id', 'Cluster'],
] as const
