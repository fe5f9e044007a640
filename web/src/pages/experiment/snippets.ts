import { orderOf } from '../../table/sources'

/** Python text of a string. */
function text(value: string): string {
  return JSON.stringify(value)
}

/** The code that logs a run to an experiment of this server. */
export function logSnippet(server: string, experiment: string): string {
  return `import mlflow

mlflow.set_tracking_uri(${text(server)})
mlflow.set_experiment(${text(experiment)})

with mlflow.start_run(run_name="first"):
    mlflow.log_params({"rate": 0.1, "depth": 3})
    for step in range(100):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)`
}

const VIEWS = {
  ACTIVE_ONLY: '',
  DELETED_ONLY: 'DELETED_ONLY',
  ALL: 'ALL',
} as const

/** The code that finds the runs that a table shows. */
export function searchSnippet(
  server: string,
  question: {
    experimentIds: readonly string[]
    filter: string
    order: string
    lifecycle: keyof typeof VIEWS
  },
): string {
  const { experimentIds, filter, order, lifecycle } = question
  const view = VIEWS[lifecycle]
  const lines = [
    `experiment_ids=${JSON.stringify(experimentIds)},`,
    filter && `filter_string=${text(filter)},`,
    order && orderOf(order).name !== 'runs' && `order_by=[${text(order)}],`,
    view && `run_view_type=mlflow.entities.ViewType.${view},`,
  ]
  const given = lines.filter(Boolean).map((line) => `    ${line}\n`)
  return `import mlflow

mlflow.set_tracking_uri(${text(server)})
runs = mlflow.search_runs(
${given.join('')})`
}
