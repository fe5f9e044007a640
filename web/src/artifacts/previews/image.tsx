import { useState } from 'preact/hooks'
import { count } from '../../lib/format'
import { Check, Segments } from '../../ui/Field'
import { nameOf, shownAddress } from '../files'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { Failed } from './states'

type Zoom = 'fit' | '1' | '4' | '8'

/** An image, also SVG and GIF: as an image it runs no script, whatever is in it. */
export function Image({ file }: PreviewProps) {
  const [zoom, setZoom] = useState<Zoom>('fit')
  const [pixels, setPixels] = useState(false)
  const [size, setSize] = useState<readonly [number, number] | null>(null)
  const [failed, setFailed] = useState(false)
  if (failed) return <Failed error="The browser cannot show this image. Download it instead." />
  const times = zoom === 'fit' ? null : Number(zoom)
  return (
    <div class={styles.preview}>
      <div class={styles.tools}>
        <Segments
          label="Zoom"
          value={zoom}
          choices={[
            { value: 'fit', label: 'Fit' },
            { value: '1', label: '1:1' },
            { value: '4', label: '4×' },
            { value: '8', label: '8×' },
          ]}
          onChoose={setZoom}
        />
        <Check label="Sharp pixels" checked={pixels} onCheck={setPixels} />
        {size && (
          <span class={styles.more}>
            {count(size[0])} × {count(size[1])} pixels
          </span>
        )}
      </div>
      <div class={styles.stage} tabIndex={0} role="region" aria-label={`Image ${file.path}`}>
        <img
          src={shownAddress(file)}
          alt={nameOf(file.path)}
          class={`${times === null ? styles.fit : ''} ${pixels ? styles.pixels : ''}`}
          style={times !== null && size ? { width: size[0] * times, height: size[1] * times } : {}}
          onLoad={(event) => {
            const { naturalWidth, naturalHeight } = event.currentTarget
            setSize([naturalWidth, naturalHeight])
            // what is that small is looked at pixel by pixel
            if (naturalWidth <= 64 && naturalHeight <= 64) {
              setPixels(true)
              setZoom('4')
            }
          }}
          onError={() => setFailed(true)}
        />
      </div>
    </div>
  )
}
