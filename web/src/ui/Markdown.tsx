import { useLayoutEffect, useRef } from 'preact/hooks'
import styles from './markdown.module.css'
import type { Beside } from './renderMarkdown'

type Reader = typeof import('./renderMarkdown').renderMarkdown
let reader: Reader | null = null

/** Markdown of a user, made harmless. Until its reader is there it is shown as it was written. */
export function Markdown({ text, pictures }: { text: string; pictures?: Beside }) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const element = box.current!
    const show = (read: Reader) => {
      element.classList.remove(styles.plain!)
      element.replaceChildren(read(text, pictures))
    }
    if (reader) {
      show(reader)
      return undefined
    }
    let wanted = true
    element.classList.add(styles.plain!)
    element.textContent = text
    import('./renderMarkdown').then(
      ({ renderMarkdown }) => {
        reader = renderMarkdown
        if (wanted) show(renderMarkdown)
      },
      () => undefined, // without a reader it stays readable
    )
    return () => {
      wanted = false
    }
  }, [text, pictures])
  // the children are the reader's, so there are none of Preact's
  return <div ref={box} class={styles.text} />
}
