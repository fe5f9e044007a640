import { useMemo, useState } from 'preact/hooks'
import { plural } from '../../lib/format'
import { ofRecords, parseJson } from '../../lib/values'
import { useText } from '../read'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import { Failed, Waiting } from './states'
import { More, PlainText } from './text'
import { ValueTable } from './ValueTable'

/** JSON, an object per line, as a table that grows as it is read. */
export function JsonLines({ file }: PreviewProps) {
  const text = useText(file)
  const [look, setLook] = useState<'table' | 'text'>('table')
  const table = useMemo(() => {
    try {
      const lines = text.text.split('\n').filter((line) => line.trim() !== '')
      return ofRecords(lines.map(parseJson))
    } catch {
      return null // shown as text
    }
  }, [text.text])
  if (text.isLoading) return <Waiting />
  if (text.error && !text.text) return <Failed error={text.error} />
  if (!table) return <PlainText file={file} />
  return (
    <Looks
      looks={['table', 'text']}
      look={look}
      onLook={setLook}
      tools={
        look === 'table' && (
          <>
            <span class="quiet">
              {plural(table.data.length, 'row')}
              {text.more && ' so far'}
            </span>
            <More of={text} />
          </>
        )
      }
    >
      {look === 'text' ? (
        <PlainText file={file} />
      ) : (
        <ValueTable
          label={file.path}
          columns={table.columns.map((name) => ({ name }))}
          rows={table.data}
        />
      )}
    </Looks>
  )
}
