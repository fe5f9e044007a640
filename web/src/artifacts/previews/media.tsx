import { useState } from 'preact/hooks'
import { nameOf, shownAddress } from '../files'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { Failed } from './states'

/** Sound, which the browser fetches by ranges as it plays. */
export function Audio({ file }: PreviewProps) {
  const [failed, setFailed] = useState(false)
  if (failed) return <Failed error="The browser cannot play this file. Download it instead." />
  return (
    <div class={styles.stage}>
      {/* what a run logs has no captions */}
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption */}
      <audio
        controls
        preload="metadata"
        class={styles.player}
        src={shownAddress(file)}
        aria-label={nameOf(file.path)}
        onError={() => setFailed(true)}
      />
    </div>
  )
}

export function Video({ file }: PreviewProps) {
  const [failed, setFailed] = useState(false)
  if (failed) return <Failed error="The browser cannot play this file. Download it instead." />
  return (
    <div class={styles.stage}>
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption */}
      <video
        controls
        preload="metadata"
        class={styles.video}
        src={shownAddress(file)}
        aria-label={nameOf(file.path)}
        onError={() => setFailed(true)}
      />
    </div>
  )
}
