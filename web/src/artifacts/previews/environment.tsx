import { Snippet } from '../../ui/Notes'
import { nameOf, quoted, uriOf } from '../files'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { PlainText } from './text'

/** How the environment of a model is made again, by the name of the file. */
const WAYS: Record<string, string> = {
  'conda.yaml': 'conda env create -f conda.yaml',
  'python_env.yaml': '# MLflow makes a virtual environment of it when a model is served',
  'requirements.txt': 'pip install -r requirements.txt',
}

/** What a model needs, with the commands that install it. */
export function Environment({ file }: PreviewProps) {
  const name = nameOf(file.path)
  const fetch = `mlflow artifacts download -u ${quoted(uriOf(file.runId, file.path))} -d .`
  return (
    <div class={styles.preview}>
      <div class={styles.note}>
        <Snippet text={`${fetch}\n${WAYS[name] ?? ''}`} />
      </div>
      <PlainText file={file} />
    </div>
  )
}
