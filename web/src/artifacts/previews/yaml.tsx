import { useMemo } from 'preact/hooks'
import { parse } from 'yaml'
import { sentence } from '../../api/errors'
import { useWhole } from '../read'
import { Value } from './json'
import type { PreviewProps } from './kinds'
import styles from './previews.module.css'
import { Failed, Instead, tooLarge, Waiting } from './states'
import { PlainText } from './text'

const MOST = 2_000_000

/** YAML; aliases are few, for some files would grow to gigabytes. */
export function parseYaml(text: string): unknown {
  return parse(text, { maxAliasCount: 100, logLevel: 'silent' })
}

/** YAML as a tree and as it is written. */
export function Yaml({ file }: PreviewProps) {
  const { data, isLoading, error, refetch } = useWhole(file, MOST)
  const parsed = useMemo(() => {
    if (data === undefined || data === null) return null
    try {
      return { value: parseYaml(data) }
    } catch (problem) {
      return { problem: sentence(problem) }
    }
  }, [data])
  if (isLoading) return <Waiting />
  if (error) return <Failed error={error} again={() => void refetch()} />
  if (parsed && 'value' in parsed) return <Value file={file} value={parsed.value} />
  return (
    <div class={styles.preview}>
      <Instead>
        {parsed ? `This is no single YAML document: ${parsed.problem}` : tooLarge(file.size, MOST)}
      </Instead>
      <PlainText file={file} />
    </div>
  )
}
