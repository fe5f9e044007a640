import { Button } from '../ui/Button'
import { Empty, Skeleton } from '../ui/Notes'
import styles from './grid.module.css'

const SNIPPET = `import mlflow

with mlflow.start_run():
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`

/** What stands in for charts until it is known which there are. */
export function Waiting() {
  return (
    <div class={styles.cards} aria-busy="true">
      {[0, 1, 2, 3, 4, 5].map((place) => (
        <Skeleton key={place} height={310} />
      ))}
    </div>
  )
}

/** Why there is no chart, and what to do. */
export function Nothing({ text, none, onOwn }: { text: string; none: boolean; onOwn: () => void }) {
  if (text) {
    return (
      <Empty title="No chart of that name">
        <p>Titles and the names of metrics and params are searched.</p>
      </Empty>
    )
  }
  if (none) {
    return (
      <Empty title="No metrics yet" snippet={SNIPPET}>
        <p>A chart appears for every metric that a run logs.</p>
      </Empty>
    )
  }
  return (
    <Empty title="All charts were removed">
      <Button onClick={onOwn}>Show a chart for each metric</Button>
    </Empty>
  )
}
