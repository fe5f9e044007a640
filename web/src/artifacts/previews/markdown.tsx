import { useMemo, useState } from 'preact/hooks'
import { Markdown } from '../../ui/Markdown'
import { picturesBeside } from '../files'
import { useWhole } from '../read'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import styles from './previews.module.css'
import { Failed, Instead, tooLarge, Waiting } from './states'
import { PlainText } from './text'

const MOST = 1_000_000

/** Markdown as it is meant, and as it is written. */
export function MarkdownFile({ file }: PreviewProps) {
  const { data, isLoading, error, refetch } = useWhole(file, MOST)
  const [look, setLook] = useState<'page' | 'text'>('page')
  const { runId, path } = file
  const pictures = useMemo(() => picturesBeside(runId, path), [runId, path])
  if (isLoading) return <Waiting />
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (data === null || data === undefined) {
    return (
      <div class={styles.preview}>
        <Instead>{tooLarge(file.size, MOST)}</Instead>
        <PlainText file={file} />
      </div>
    )
  }
  return (
    <Looks looks={['page', 'text']} look={look} onLook={setLook}>
      {look === 'page' ? (
        <div class={styles.scroll} tabIndex={0} role="region" aria-label={`Page ${file.path}`}>
          <Markdown text={data} pictures={pictures} />
        </div>
      ) : (
        <PlainText file={file} />
      )}
    </Looks>
  )
}
