import { useState } from 'preact/hooks'
import { bytes } from '../../lib/format'
import { Button } from '../../ui/Button'
import { Check } from '../../ui/Field'
import { Hint } from '../../ui/Notes'
import { Waiting, Failed } from './states'
import { useText, type Text } from '../read'
import { Code } from './Code'
import { languageOf, type PreviewProps } from './kinds'
import styles from './previews.module.css'

/** Text and code; large files are read piece by piece. */
export function PlainText({ file }: PreviewProps) {
  const text = useText(file)
  const [wrap, setWrap] = useState(false)
  if (text.isLoading) return <Waiting />
  if (text.error && !text.text) return <Failed error={text.error} />
  return (
    <div class={styles.preview}>
      <div class={styles.tools}>
        <Check label="Wrap lines" checked={wrap} onCheck={setWrap} />
        <More of={text} />
      </div>
      {text.binary && <Hint>This does not look like text. What can be read of it is shown.</Hint>}
      {text.total === 0 ? (
        <p class={styles.nothing}>This file is empty.</p>
      ) : (
        <Code text={text.text} language={languageOf(file.path)} wrap={wrap} label={file.path} />
      )}
    </div>
  )
}

/** How much of a text is here, and a button for the next piece. */
export function More({ of }: { of: Text }) {
  if (!of.more) return null
  return (
    <span class={styles.more}>
      <span role="status">
        The first {bytes(of.read)} of {bytes(of.total)}
      </span>
      <Button small onClick={of.more} disabled={of.isReadingMore}>
        {of.isReadingMore ? 'Loading…' : 'Load more'}
      </Button>
    </span>
  )
}
