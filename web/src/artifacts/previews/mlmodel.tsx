import { useMemo, useState } from 'preact/hooks'
import { readModel, type ModelFacts } from '../../lib/mlmodel'
import { paths } from '../../paths'
import { Snippet } from '../../ui/Notes'
import { folderOf, quoted, uriOf } from '../files'
import { useWhole } from '../read'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import styles from './previews.module.css'
import { Failed, Waiting } from './states'
import { PlainText } from './text'
import { parseYaml } from './yaml'

const MOST = 2_000_000

/** What a model takes and gives, and how it is loaded. */
export function MLmodel({ file }: PreviewProps) {
  const { data, isLoading, error, refetch } = useWhole(file, MOST)
  const [look, setLook] = useState<'model' | 'text'>('model')
  const model = useMemo(() => {
    try {
      return data ? readModel(parseYaml(data)) : null
    } catch {
      return null // shown as text
    }
  }, [data])
  if (isLoading) return <Waiting />
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (!model) return <PlainText file={file} />
  return (
    <Looks looks={['model', 'text']} look={look} onLook={setLook}>
      {look === 'text' ? (
        <PlainText file={file} />
      ) : (
        <Model model={model} uri={uriOf(file.runId, folderOf(file.path))} />
      )}
    </Looks>
  )
}

function Model({ model, uri }: { model: ModelFacts; uri: string }) {
  const own = model.flavors.find(({ name }) => name !== 'python_function')
  return (
    <div class={styles.sections} tabIndex={0} role="region" aria-label="Model">
      <section>
        <h3>Load it</h3>
        <Snippet
          text={[
            'import mlflow',
            '',
            `model = mlflow.pyfunc.load_model(${quoted(uri)})`,
            'model.predict(data)',
            ...(own
              ? ['', '# or as what it was', `mlflow.${own.name}.load_model(${quoted(uri)})`]
              : []),
          ].join('\n')}
        />
      </section>
      {model.signature.length === 0 && (
        <p class="quiet">This model has no signature: what it takes and gives was not logged.</p>
      )}
      {model.signature.map(({ label, fields }) => (
        <section key={label}>
          <h3>{label}</h3>
          <table class={styles.plain} aria-label={label}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Type</th>
                <th scope="col">Needed</th>
              </tr>
            </thead>
            <tbody>
              {fields.map((field) => (
                <tr key={field.name}>
                  <td class={styles.mono}>{field.name}</td>
                  <td class={styles.mono}>{field.type}</td>
                  <td>{field.required ? 'yes' : 'no'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
      <section>
        <h3>About</h3>
        <dl class={styles.facts}>
          {model.facts.map(([label, value]) => (
            <Fact
              key={label}
              label={label}
              value={value}
              href={value === model.runId ? paths.run('_', value) : null}
            />
          ))}
        </dl>
      </section>
      {model.flavors.map(({ name, facts }) => (
        <section key={name}>
          <h3>Flavor {name}</h3>
          <dl class={styles.facts}>
            {facts.map(([label, value]) => (
              <Fact key={label} label={label} value={value} href={null} />
            ))}
          </dl>
        </section>
      ))}
    </div>
  )
}

function Fact({ label, value, href }: { label: string; value: string; href: string | null }) {
  return (
    <>
      <dt>{label}</dt>
      <dd class={styles.mono}>{href ? <a href={href}>{value}</a> : value}</dd>
    </>
  )
}
