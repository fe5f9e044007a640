import { useState } from 'preact/hooks'
import { shownAddress } from '../files'
import type { PreviewProps } from './kinds'
import { Looks } from './Looks'
import styles from './previews.module.css'
import { PlainText } from './text'

/** A page: in an origin of its own, where its scripts reach neither this page nor the network. */
export function Html({ file }: PreviewProps) {
  const [look, setLook] = useState<'page' | 'text'>('page')
  return (
    <Looks
      looks={['page', 'text']}
      look={look}
      onLook={setLook}
      tools={
        look === 'page' && (
          <span class={styles.more}>In a sandbox: it can load nothing from elsewhere</span>
        )
      }
    >
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
    </Looks>
  )
}
