import { moment } from '../../lib/format'
import { paths } from '../../paths'
import { CopyButton } from '../../ui/Copy'
import { Badge } from '../../ui/Notes'
import { modelsOf, type RunModel } from './models'
import { Panel } from './Panel'
import type { RunView } from './run'
import styles from './run.module.css'
import { pythonText } from './source'

/** The models that a run made or read. */
export function Models({ run }: { run: RunView }) {
  const models = modelsOf(run.message)
  if (models.length === 0) return null
  return (
    <Panel title="Models" shown={models.length} all={models.length}>
      {models.map((model, index) => (
        <Model key={index} run={run} model={model} />
      ))}
    </Panel>
  )
}

function Model({ run, model }: { run: RunView; model: RunModel }) {
  const address = model.path ? `runs:/${run.id}/${model.path}` : `models:/${model.id}`
  return (
    <div class={styles.item}>
      <div class={styles.itemHead}>
        {model.path ? (
          <a class="ellipsis" href={paths.artifact(run.experimentId, run.id, model.path)}>
            {model.name}
          </a>
        ) : (
          <code class="ellipsis">{model.name}</code>
        )}
        {!model.made && <Badge>input</Badge>}
        {model.flavors.map((flavor) => (
          <Badge key={flavor}>{flavor}</Badge>
        ))}
        {model.step !== null && <Badge>step {model.step}</Badge>}
        <CopyButton
          text={`mlflow.pyfunc.load_model(${pythonText(address)})`}
          label={`Copy Python that loads ${model.name}`}
        />
      </div>
      {model.created !== null && <div class="quiet">{moment(model.created)}</div>}
    </div>
  )
}
