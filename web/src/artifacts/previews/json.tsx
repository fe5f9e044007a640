import { useMemo, useState } from 'preact/hooks'
import { sentence } from '../../api/errors'
import { plural } from '../../lib/format'
import { asTable, parseJson } from '../../lib/values'
import { useWhole } from '../read'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import styles from './previews.module.css'
import { Failed, Instead, tooLarge, Waiting } from './states'
import { PlainText } from './text'
import { ValueTable } from './ValueTable'
import { ValueTree } from './ValueTree'

const MOST = 16_000_000

type Parsed = { value: unknown } | { problem: string } | null

/** JSON as a tree, as a table if it is one, and as it is written. */
export function Json({ file }: PreviewProps) {
  const { data, isLoading, error, refetch } = useWhole(file, MOST)
  const parsed = useMemo<Parsed>(() => {
    if (data === undefined || data === null) return null
    try {
      return { value: parseJson(data) }
    } catch (problem) {
      return { problem: sentence(problem) }
    }
  }, [data])
  if (isLoading) return <Waiting />
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (!parsed || 'problem' in parsed) {
    return (
      <div class={styles.preview}>
        <Instead>
          {parsed ? `This is no JSON: ${parsed.problem}` : tooLarge(file.size, MOST)}
        </Instead>
        <PlainText file={file} />
      </div>
    )
  }
  return <Value file={file} value={parsed.value} />
}

/** A value that was parsed from a file. */
export function Value({ file, value }: PreviewProps & { value: unknown }) {
  const table = useMemo(() => asTable(value), [value])
  const [look, setLook] = useState<'table' | 'tree' | 'text'>(table ? 'table' : 'tree')
  return (
    <Looks
      looks={table ? ['table', 'tree', 'text'] : ['tree', 'text']}
      look={look}
      onLook={setLook}
      tools={table && <span class={styles.more}>{plural(table.data.length, 'row')}</span>}
    >
      {look === 'table' && table ? (
        <ValueTable
          label={file.path}
          columns={table.columns.map((name) => ({ name }))}
          rows={table.data}
        />
      ) : look === 'text' ? (
        <PlainText file={file} />
      ) : (
        <ValueTree value={value} label={file.path} />
      )}
    </Looks>
  )
}
