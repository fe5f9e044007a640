import { useMemo } from 'preact/hooks'
import { sentence } from '../../api/errors'
import { readNotebook, type NotebookCell, type Output } from '../../lib/notebook'
import { parseJson } from '../../lib/values'
import { Markdown } from '../../ui/Markdown'
import { picturesBeside } from '../files'
import { useWhole } from '../read'
import { Line, useLines } from './Code'
import type { PreviewProps } from './kinds'
import notebook from './notebook.module.css'
import styles from './previews.module.css'
import { Failed, Instead, tooLarge, Waiting } from './states'
import { PlainText } from './text'
import { ValueTree } from './ValueTree'

const MOST = 32_000_000

/** A notebook of Jupyter, as it was saved: nothing of it runs. */
export function Notebook({ file }: PreviewProps) {
  const { data, isLoading, error, refetch } = useWhole(file, MOST)
  const { runId, path } = file
  const pictures = useMemo(() => picturesBeside(runId, path), [runId, path])
  const read = useMemo(() => {
    if (data === undefined || data === null) return null
    try {
      const content = readNotebook(parseJson(data))
      return content ?? { problem: 'it has no cells' }
    } catch (problem) {
      return { problem: sentence(problem) }
    }
  }, [data])
  if (isLoading) return <Waiting />
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (!read || 'problem' in read) {
    return (
      <div class={styles.preview}>
        <Instead>
          {read ? `This is no notebook: ${read.problem}.` : tooLarge(file.size, MOST)}
        </Instead>
        <PlainText file={file} />
      </div>
    )
  }
  return (
    <div class={notebook.notebook} tabIndex={0} role="region" aria-label={`Notebook ${file.path}`}>
      {read.cells.map((cell, index) => (
        <Cell key={index} cell={cell} language={read.language} pictures={pictures} />
      ))}
    </div>
  )
}

function Cell({
  cell,
  language,
  pictures,
}: {
  cell: NotebookCell
  language: string
  pictures: (named: string) => string | null
}) {
  if (cell.kind === 'markdown') {
    return (
      <div class={notebook.words}>
        <Markdown text={cell.text} pictures={pictures} />
      </div>
    )
  }
  return (
    <div class={notebook.cell}>
      <span class={notebook.count}>[{cell.count ?? ' '}]</span>
      <Source text={cell.text} language={cell.kind === 'code' ? language : null} />
      {cell.outputs.length > 0 && (
        <div class={notebook.outputs}>
          {cell.outputs.map((output, index) => (
            <Shown key={index} output={output} />
          ))}
        </div>
      )}
    </div>
  )
}

function Source({ text, language }: { text: string; language: string | null }) {
  const lines = useLines(text, language)
  return (
    <pre class={notebook.source}>
      <code>
        {lines.map((tokens, index) => (
          <span key={index}>
            <Line tokens={tokens} />
            {'\n'}
          </span>
        ))}
      </code>
    </pre>
  )
}

function Shown({ output }: { output: Output }) {
  switch (output.kind) {
    case 'text':
      return <pre class={`${notebook.text} ${output.bad ? notebook.bad : ''}`}>{output.text}</pre>
    case 'image':
      return (
        <img
          class={notebook.image}
          alt="Output of the cell"
          src={`data:${output.type};base64,${output.base64}`}
        />
      )
    case 'drawing':
      // as an image it runs no script
      return (
        <img
          class={notebook.image}
          alt="Output of the cell"
          src={`data:image/svg+xml,${encodeURIComponent(output.svg)}`}
        />
      )
    case 'markdown':
      return <Markdown text={output.text} />
    case 'json':
      return (
        <div class={notebook.json}>
          <ValueTree value={output.value} label="Output of the cell" />
        </div>
      )
    case 'page':
      return (
        <iframe class={notebook.page} sandbox="" srcdoc={output.html} title="Output of the cell" />
      )
  }
}
