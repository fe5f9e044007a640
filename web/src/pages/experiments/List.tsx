import type { ComponentChild } from 'preact'
import { count } from '../../lib/format'
import { serverAddress } from '../../lib/server'
import { setParams } from '../../state/address'
import { Button } from '../../ui/Button'
import { Empty, Hint, Problem } from '../../ui/Notes'
import styles from './experiments.module.css'
import type { Shown } from './query'
import type { Row } from './tree'
import { MOST, type Found } from './useExperiments'

const FIRST_RUN = () => `import mlflow

mlflow.set_tracking_uri("${serverAddress()}")
mlflow.set_experiment("my first experiment")

with mlflow.start_run():
    mlflow.log_param("rate", 0.1)
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`

/** The experiments; or why there are none, and what to do. */
export function List({
  shown,
  found,
  rows,
  narrowed,
  grid,
}: {
  shown: Shown
  found: Found
  rows: readonly Row[]
  narrowed: boolean
  grid: ComponentChild
}) {
  if (found.error && found.items.length === 0) return <Problem>{found.error.message}</Problem>
  if (rows.length > 0 || found.loading) {
    const unused =
      !narrowed && !shown.deleted && found.total === 1 && found.figures.get('0')?.runs === 0
    return (
      <div class={styles.list}>
        {found.error && <Problem>{found.error.message}</Problem>}
        {found.figuresError && (
          <Problem>The runs could not be counted. {found.figuresError.message}</Problem>
        )}
        {found.complete && found.items.length < found.total && (
          <Hint>
            The list ends after {count(MOST)} of {count(found.total)} experiments. Search to find
            the others.
          </Hint>
        )}
        {grid}
        {unused && <FirstRun />}
      </div>
    )
  }
  if (narrowed) {
    return (
      <Empty title="No experiment fits">
        <p>
          Names are searched word by word, in upper and lower case.{' '}
          {shown.deleted ? 'Only deleted ones are looked at.' : 'Deleted ones are not looked at.'}
        </p>
        <Button onClick={() => setParams({ q: null, tags: null, folder: null })}>Show all</Button>
      </Empty>
    )
  }
  if (shown.deleted) {
    return (
      <Empty title="The bin is empty">
        <p>
          Deleted experiments stay here with all their runs until <code>mlflow gc</code> removes
          them.
        </p>
      </Empty>
    )
  }
  return <FirstRun />
}

function FirstRun() {
  return (
    <Empty title="Log a first run" snippet={FIRST_RUN()}>
      <p>Run this where your code runs. The experiment is made when it is first used.</p>
    </Empty>
  )
}
