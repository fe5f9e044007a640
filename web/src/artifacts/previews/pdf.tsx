import { shownAddress } from '../files'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'

/** A PDF, in the viewer of the browser. */
export function Pdf({ file }: PreviewProps) {
  // viewers of PDF do not start in a sandbox; the answer itself says that nothing else may run
  // oxlint-disable-next-line react/iframe-missing-sandbox
  return <iframe class={styles.frame} src={shownAddress(file)} title={`PDF ${file.path}`} />
}
