import { serverAddress } from '../../lib/server'
import { Snippet } from '../../ui/Notes'
import { Panel } from './Panel'
import type { RunView } from './run'
import styles from './run.module.css'
import { commandsAgain, fetchSnippet, sourceOf } from './source'
import { DIFF, useFiles } from './useFiles'

/** How the run is done again, and how a program reads it. */
export function Again({ run }: { run: RunView }) {
  const { params = [], metrics = [] } = run.message.data
  const files = useFiles(run)
  const server = serverAddress()
  const commands = commandsAgain(sourceOf(run.tags), params, {
    server,
    runId: run.id,
    hasDiff: files.some((file) => file.path === DIFF),
  })
  const own = metrics.filter((metric) => !metric.key.startsWith('system/'))
  const curve = own.find((metric) => metric.step > 0) ?? own[0] ?? metrics[0]
  return (
    <Panel title="Reproduce and read">
      <div class={styles.again}>
        {commands && (
          <div>
            <h3>Do it again</h3>
            <Snippet text={commands} label="Copy commands" />
          </div>
        )}
        <div>
          <h3>Read it in Python</h3>
          <Snippet
            text={fetchSnippet(server, run.id, curve?.key ?? null, params.length > 0)}
            label="Copy Python"
          />
        </div>
      </div>
    </Panel>
  )
}
