import { useEffect, useRef, useState } from 'preact/hooks'
import styles from './markdown.module.css'

/** Markdown of a user, made harmless. Until its reader is there it is shown as it was written. */
export function Markdown({ text }: { text: string }) {
  const box = useRef<HTMLDivElement>(null)
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    let wanted = true
    import('./renderMarkdown').then(
      ({ renderMarkdown }) => wanted && box.current?.replaceChildren(renderMarkdown(text)),
      () => wanted && setFailed(true),
    )
    return () => {
      wanted = false
    }
  }, [text])
  if (failed) return <div class={`${styles.text} ${styles.plain}`}>{text}</div>
  // the children belong to the reader, so there are none of Preact's
  return <div ref={box} class={styles.text} />
}
