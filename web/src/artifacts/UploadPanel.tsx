import { CircleCheck, CircleX, X } from 'lucide'
import { bytes, plural } from '../lib/format'
import { Button, IconButton } from '../ui/Button'
import { Icon } from '../ui/Icon'
import styles from './artifacts.module.css'
import type { Upload, Uploads } from './upload'

const MOST_SHOWN = 50
const ORDER = { failed: 0, sending: 1, waiting: 2, cancelled: 3, done: 4 } as const
const WORDS = {
  waiting: 'waits',
  sending: 'is sent',
  done: 'is there',
  failed: 'failed',
  cancelled: 'cancelled',
} as const

/** Files on their way, each with how far it is and what went wrong. */
export function UploadPanel({ uploads, items }: { uploads: Uploads; items: readonly Upload[] }) {
  if (items.length === 0) return null
  const busy = items.filter(({ state }) => state === 'waiting' || state === 'sending')
  const failed = items.filter(({ state }) => state === 'failed')
  const done = items.filter(({ state }) => state === 'done')
  const shown = [...items].sort((a, b) => ORDER[a.state] - ORDER[b.state]).slice(0, MOST_SHOWN)
  return (
    <section class={styles.uploads} aria-label="Uploads">
      <div class={styles.uploadsHead}>
        <strong role="status">
          {busy.length > 0
            ? `Uploading ${plural(busy.length, 'file')}`
            : `Uploaded ${plural(done.length, 'file')}`}
          {failed.length > 0 && `, ${failed.length} failed`}
        </strong>
        {busy.length > 0 ? (
          <Button small onClick={() => uploads.cancelAll()}>
            Cancel all
          </Button>
        ) : (
          <Button small onClick={() => uploads.clear()}>
            Close
          </Button>
        )}
      </div>
      <ul>
        {shown.map((item) => (
          <li key={item.id}>
            <div class={styles.uploadName}>
              <span class="ellipsis" title={item.path}>
                {item.path}
              </span>
              <small class="quiet">
                {item.state === 'sending'
                  ? `${bytes(item.sent)} of ${bytes(item.file.size)}`
                  : WORDS[item.state]}
              </small>
              {item.state === 'done' && <Icon of={CircleCheck} size={14} />}
              {item.state === 'failed' && <Icon of={CircleX} size={14} />}
              {(item.state === 'sending' || item.state === 'waiting') && (
                <IconButton
                  small
                  icon={X}
                  label={`Cancel ${item.path}`}
                  onClick={() => uploads.cancel(item.id)}
                />
              )}
            </div>
            {item.state === 'sending' && (
              <progress
                aria-label={`Upload of ${item.path}`}
                max={Math.max(1, item.file.size)}
                value={item.sent}
              />
            )}
            {item.problem && (
              <div class={styles.uploadProblem} role="alert">
                {item.problem}
              </div>
            )}
          </li>
        ))}
        {items.length > shown.length && (
          <li class="quiet">and {items.length - shown.length} more</li>
        )}
      </ul>
    </section>
  )
}
