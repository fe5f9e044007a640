import { serverAddress } from '../../lib/server'
import type { ChangeView } from '../../state/useView'
import type { View } from '../../state/view'
import { Button } from '../../ui/Button'
import { Empty } from '../../ui/Notes'
import styles from './experiment.module.css'
import { logSnippet } from './snippets'

/** Why there are no rows, and what to do about it. */
export function Nothing({
  view,
  change,
  experiment,
}: {
  view: View
  change: ChangeView
  experiment: string
}) {
  return (
    <div class={styles.none}>
      {view.filter ? (
        <Empty title="No run matches">
          <p>
            A comparison with a param, metric or tag that a run lacks never holds, not even{' '}
            <code>!=</code>; <code>IS NULL</code> finds such runs.
          </p>
          <div class={styles.buttons}>
            <Button kind="primary" onClick={() => change({ filter: '' })}>
              Clear the search
            </Button>
            {view.lifecycle !== 'ALL' && (
              <Button onClick={() => change({ lifecycle: 'ALL' })}>
                Search {view.lifecycle === 'ACTIVE_ONLY' ? 'deleted' : 'active'} runs, too
              </Button>
            )}
          </div>
        </Empty>
      ) : view.lifecycle === 'DELETED_ONLY' ? (
        <Empty title="The bin is empty">
          <Button onClick={() => change({ lifecycle: 'ACTIVE_ONLY' })}>Show active runs</Button>
        </Empty>
      ) : (
        <Empty title="No runs yet" snippet={logSnippet(serverAddress(), experiment)}>
          <p>Run this where your code runs; the run appears here by itself.</p>
        </Empty>
      )}
    </div>
  )
}
