import { Download, File as FileIcon, Folder } from 'lucide'
import { useEffect, useRef, useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import type { FileMessage } from '../api/schema'
import { bytes, plural } from '../lib/format'
import { save } from '../lib/save'
import { Button } from '../ui/Button'
import { Grid } from '../ui/Grid'
import { Icon } from '../ui/Icon'
import { Problem } from '../ui/Notes'
import styles from './artifacts.module.css'
import { CopyMenu, Crumbs } from './FileView'
import { nameOf } from './files'
import { folderAsZip, type Progress } from './folderDownload'
import { Waiting } from './previews/states'
import { sizeOfFolder, type Folders } from './tree'

/** What is in a folder, and what can be done with all of it. */
export function FolderView({
  runId,
  experimentId,
  path,
  folders,
  onPath,
}: {
  runId: string
  experimentId: string
  path: string
  folders: Folders
  onPath: (path: string) => void
}) {
  const listed = folders.get(path)
  const size = sizeOfFolder(folders, path)
  const files = listed?.state === 'here' ? listed.files : []
  return (
    <section class={styles.view} aria-label={path || 'All artifacts'}>
      <h2 class="aside">{nameOf(path) || 'All artifacts'}</h2>
      <div class={styles.head}>
        <Crumbs path={path} onPath={onPath} />
        {listed?.state === 'here' && (
          <span class="quiet">
            {plural(files.length, 'entry', 'entries')}
            {size !== null && `, ${bytes(size)}`}
          </span>
        )}
        <span class={styles.actions}>
          <CopyMenu runId={runId} experimentId={experimentId} path={path} />
          <DownloadFolder key={path} runId={runId} path={path} disabled={files.length === 0} />
        </span>
      </div>
      <div class={styles.shown}>
        {listed?.state === 'failed' ? (
          <Problem>{sentence(listed.error)}</Problem>
        ) : listed?.state === 'here' ? (
          <Contents path={path} files={files} folders={folders} onPath={onPath} />
        ) : (
          <Waiting />
        )}
      </div>
    </section>
  )
}

const SIZE = [130]

function Contents({
  path,
  files,
  folders,
  onPath,
}: {
  path: string
  files: readonly FileMessage[]
  folders: Folders
  onPath: (path: string) => void
}) {
  if (files.length === 0) {
    return <p class={styles.none}>This folder is empty. Drop files here to upload them.</p>
  }
  return (
    <Grid
      class={styles.contents}
      label={`Contents of ${path || 'the run'}`}
      rows={files.length}
      columns={SIZE}
      first={440}
      corner="Name"
      columnHead={() => ({ content: 'Size', class: styles.right })}
      rowHead={(row) => {
        const file = files[row]!
        return {
          title: file.path,
          content: (
            <button type="button" class={styles.open} onClick={() => onPath(file.path)}>
              <span class={file.is_dir ? styles.folderIcon : styles.fileIcon}>
                <Icon of={file.is_dir ? Folder : FileIcon} size={15} />
              </span>
              <span class="ellipsis">{nameOf(file.path)}</span>
            </button>
          ),
        }
      }}
      cell={(row) => {
        const file = files[row]!
        const size = file.is_dir ? sizeOfFolder(folders, file.path) : (file.file_size ?? null)
        return { content: size === null ? '' : bytes(size), class: styles.right }
      }}
    />
  )
}

/** Fetches a folder as a zip file, with how far it is. */
function DownloadFolder({
  runId,
  path,
  disabled,
}: {
  runId: string
  path: string
  disabled: boolean
}) {
  const [progress, setProgress] = useState<Progress | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const running = useRef<AbortController | null>(null)
  useEffect(() => () => running.current?.abort(), [])
  const start = async () => {
    const control = new AbortController()
    running.current = control
    setProblem(null)
    setProgress({ files: 0, bytes: 0, total: null })
    try {
      const content = await folderAsZip(runId, path, control.signal, setProgress)
      save(content, `${nameOf(path) || `artifacts-${runId.slice(0, 8)}`}.zip`)
    } catch (error) {
      if (!control.signal.aborted) setProblem(sentence(error))
      control.abort()
    }
    setProgress(null)
  }
  return (
    <>
      {problem && <Problem>{problem}</Problem>}
      {progress ? (
        <span class={styles.fetching}>
          <span role="status">
            {progress.total === null
              ? 'Listing…'
              : `${bytes(progress.bytes)} of ${bytes(progress.total)}`}
          </span>
          <Button small onClick={() => running.current?.abort()}>
            Cancel
          </Button>
        </span>
      ) : (
        <Button small icon={Download} disabled={disabled} onClick={() => void start()}>
          Download folder
        </Button>
      )}
    </>
  )
}
