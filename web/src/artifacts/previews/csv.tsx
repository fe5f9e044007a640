import { useMemo, useState } from 'preact/hooks'
import { parseRows, separatorOf } from '../../lib/separated'
import { plural } from '../../lib/format'
import { Check } from '../../ui/Field'
import { endingOf } from '../files'
import { useText } from '../read'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import styles from './previews.module.css'
import { Failed, Waiting } from './states'
import { More, PlainText } from './text'
import { ValueTable } from './ValueTable'

/** Separated values as a table that grows as it is read. */
export function Csv({ file }: PreviewProps) {
  const text = useText(file)
  const [look, setLook] = useState<'table' | 'text'>('table')
  const [named, setNamed] = useState(true)
  const table = useMemo(() => {
    const separator = endingOf(file.path) === 'tsv' ? '\t' : separatorOf(text.text)
    const rows = parseRows(text.text, separator)
    let width = 0
    for (const row of rows) width = Math.max(width, row.length)
    const head = named ? (rows.shift() ?? []) : []
    const columns = Array.from({ length: width }, (_, index) => ({
      name: head[index] ?? `column ${index + 1}`,
    }))
    return { rows, columns }
  }, [text.text, file.path, named])
  if (text.isLoading) return <Waiting />
  if (text.error && !text.text) return <Failed error={text.error} />
  return (
    <Looks
      looks={['table', 'text']}
      look={look}
      onLook={setLook}
      tools={
        look === 'table' && (
          <>
            <Check label="The first row has names" checked={named} onCheck={setNamed} />
            <span class="quiet">
              {plural(table.rows.length, 'row')}
              {text.more && ' so far'}
            </span>
            <More of={text} />
          </>
        )
      }
    >
      {look === 'text' ? (
        <PlainText file={file} />
      ) : table.columns.length === 0 ? (
        <p class={styles.nothing}>This file is empty.</p>
      ) : (
        <ValueTable label={file.path} columns={table.columns} rows={table.rows} />
      )}
    </Looks>
  )
}
