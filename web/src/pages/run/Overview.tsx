import { Regex } from 'lucide'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { serverAddress } from '../../lib/server'
import { setParams, useAddress } from '../../state/address'
import { Button } from '../../ui/Button'
import { Description } from '../../ui/Description'
import { Input } from '../../ui/Field'
import { Empty } from '../../ui/Notes'
import { describeRun } from './actions'
import { Again } from './Again'
import { finder, type Finder } from './find'
import { MetricsTable } from './MetricsTable'
import { ParamsTable } from './ParamsTable'
import { NOTE, type RunView } from './run'
import styles from './run.module.css'
import { Sidebar } from './Sidebar'
import { pythonText } from './source'

/** What a run is, got and gave, on one page. */
export function Overview({ run }: { run: RunView }) {
  const { data } = run.message
  const find = useFinder()
  const params = data.params ?? []
  const metrics = data.metrics ?? []
  return (
    <div class={styles.overview}>
      <div class={styles.main}>
        <section aria-label="Description">
          <Description text={run.tags.get(NOTE) ?? ''} onSave={(text) => describeRun(run, text)} />
        </section>
        {params.length + metrics.length === 0 ? (
          <Nothing run={run} />
        ) : (
          <>
            <FindBar {...find} />
            <div class={styles.tables}>
              <ParamsTable params={params} finder={find.finder} />
              <MetricsTable run={run} metrics={metrics} finder={find.finder} />
            </div>
          </>
        )}
        <Again run={run} />
      </div>
      <Sidebar run={run} />
    </div>
  )
}

interface Finding {
  text: string
  regex: boolean
  finder: Finder
}

function useFinder(): Finding {
  const { params } = useAddress()
  const text = params.get('find') ?? ''
  const regex = params.get('regex') === '1'
  return useMemo(() => ({ text, regex, finder: finder(text, regex) }), [text, regex])
}

function FindBar({ text, regex, finder }: Finding) {
  const [draft, setDraft] = useState(text)
  useEffect(() => setDraft(text), [text])
  return (
    <div class={styles.find}>
      <Input
        type="search"
        aria-label="Find params and metrics"
        placeholder="Find params and metrics by name or value"
        aria-invalid={finder.problem !== null}
        value={draft}
        onInput={(event) => {
          setDraft(event.currentTarget.value)
          setParams({ find: event.currentTarget.value || null })
        }}
      />
      <Button
        icon={Regex}
        aria-pressed={regex}
        aria-label="Regular expression"
        title="Regular expression"
        onClick={() => setParams({ regex: regex ? null : '1' })}
      />
      {finder.problem && (
        <span role="alert" class={styles.problem}>
          {finder.problem}
        </span>
      )}
    </div>
  )
}

function Nothing({ run }: { run: RunView }) {
  const snippet = `import mlflow

mlflow.set_tracking_uri(${pythonText(serverAddress())})

with mlflow.start_run(run_id=${pythonText(run.id)}):
    mlflow.log_param("rate", 0.1)
    mlflow.log_metric("loss", 0.25, step=1)`
  return (
    <Empty title="Nothing is logged yet" snippet={snippet}>
      <p>This run has no params and no metrics. More can be logged into it at any time.</p>
    </Empty>
  )
}
