import { Download } from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import { sentence } from '../../api/errors'
import { count, plural } from '../../lib/format'
import { save } from '../../lib/save'
import { serverAddress } from '../../lib/server'
import { RUNS } from '../../table/sources'
import { Button } from '../../ui/Button'
import { Dialog } from '../../ui/Dialog'
import { Hint, Problem, Snippet } from '../../ui/Notes'
import styles from './experiment.module.css'
import { exportRuns, type Format } from './exportRuns'
import { searchSnippet } from './snippets'
import type { Table } from './useTable'

/** All runs that match as a file, or as a line of Python. */
export function ExportDialog({
  table,
  name,
  onClose,
}: {
  table: Table
  /** of the experiment */
  name: string
  onClose: () => void
}) {
  const { question, layout, rows } = table
  const [done, setDone] = useState<number | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const stop = useRef(new AbortController())
  useEffect(() => () => stop.current.abort(), [])
  const total = rows.total ?? 0
  const columns = [...layout.pinned, ...layout.loose]
    .map((each) => each.name)
    .filter((each) => each !== RUNS)
  const begin = async (format: Format) => {
    setProblem(null)
    setDone(0)
    try {
      const blob = await exportRuns(question, columns, format, setDone, stop.current.signal)
      save(blob, `${name.replace(/[^\w.-]+/g, '-')}.${format}`)
      onClose()
    } catch (error) {
      if (stop.current.signal.aborted) return
      setProblem(sentence(error))
      setDone(null)
    }
  }
  const runs = rows.kind === 'runs' && !question.tree ? plural(total, 'run') : 'All runs that match'
  return (
    <Dialog title="Export runs" onClose={onClose}>
      <p>
        {runs}, with the {count(columns.length)} columns that are shown.
      </p>
      {question.group.length > 0 && <Hint>The runs are exported, not their groups.</Hint>}
      <div class={styles.buttons}>
        <Button
          kind="primary"
          icon={Download}
          disabled={done !== null}
          onClick={() => void begin('csv')}
        >
          CSV
        </Button>
        <Button icon={Download} disabled={done !== null} onClick={() => void begin('json')}>
          JSON
        </Button>
      </div>
      {done !== null && (
        <label>
          {plural(done, 'run')} fetched
          <progress class={styles.progress} value={done} max={Math.max(total, done, 1)} />
        </label>
      )}
      {problem && <Problem>{problem}</Problem>}
      <p>The same in Python:</p>
      <Snippet text={searchSnippet(serverAddress(), question)} />
    </Dialog>
  )
}
