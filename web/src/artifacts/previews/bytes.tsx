import { useQuery } from '@tanstack/react-query'
import { bytes, count } from '../../lib/format'
import { hexLines } from '../../lib/hex'
import { readRange } from '../read'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { Failed, Instead, Waiting } from './states'
import { PlainText } from './text'

const SHOWN = 1024

/** A file of an unknown kind: text if it looks like text, else its first bytes. */
export function Bytes({ file }: PreviewProps) {
  const { data, error, refetch } = useQuery({
    queryKey: ['artifact', file.runId, file.path, 'bytes'],
    queryFn: ({ signal }) => readRange(file, 0, SHOWN, signal),
    staleTime: Infinity,
  })
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (!data) return <Waiting />
  if (looksLikeText(data.bytes)) return <PlainText file={file} />
  return (
    <div class={styles.preview}>
      <Instead>
        There is no preview for files of this kind. These are the first {count(data.bytes.length)}{' '}
        of {bytes(data.total)}; download it to see the rest.
      </Instead>
      <pre class={styles.hex} tabIndex={0} aria-label={`First bytes of ${file.path}`}>
        {hexLines(data.bytes).join('\n')}
      </pre>
    </div>
  )
}

function looksLikeText(start: Uint8Array): boolean {
  if (start.includes(0)) return false
  const text = new TextDecoder().decode(start)
  // a character may have been cut at the end
  return !text.slice(0, -1).includes('\ufffd')
}
