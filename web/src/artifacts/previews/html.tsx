import { useState } from 'preact/hooks'
import { Segments } from '../../ui/Field'
import { shownAddress } from '../files'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { PlainText } from './text'

/** A page: in an origin of its own, where its scripts reach neither this page nor the network. */
export function Html({ file }: PreviewProps) {
  const [look, setLook] = useState<'page' | 'text'>('page')
  return (
    <div class={styles.preview}>
      <div class={styles.tools}>
        <Segments
          label="Show as"
          value={look}
          choices={[
            { value: 'page', label: 'Page' },
            { value: 'text', label: 'Text' },
          ]}
          onChoose={setLook}
        />
        {look === 'page' && (
          <span class={styles.more}>In a sandbox: it can load nothing from elsewhere</span>
        )}
      </div>
      {look === 'page' ? (
        <iframe
          class={styles.frame}
          sandbox="allow-scripts"
          src={shownAddress(file)}
          title={`Page ${file.path}`}
        />
      ) : (
        <PlainText file={file} />
      )}
    </div>
  )
}
