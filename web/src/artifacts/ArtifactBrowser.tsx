import { FolderUp, Upload as UploadIcon } from 'lucide'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { sentence } from '../api/errors'
import { serverAddress } from '../lib/server'
import { Button } from '../ui/Button'
import { CopyButton } from '../ui/Copy'
import { Input } from '../ui/Field'
import { Menu } from '../ui/Menu'
import { Empty, Problem, Skeleton } from '../ui/Notes'
import { complain } from '../ui/Toasts'
import styles from './artifacts.module.css'
import { ArtifactTree } from './ArtifactTree'
import { chosenFiles, droppedFiles } from './dropped'
import { folderOf, foldersAbove, logSnippet } from './files'
import { FileView } from './FileView'
import { FolderView } from './FolderView'
import { fileAt } from './tree'
import { UploadPanel } from './UploadPanel'
import { lookAgain, useFolders } from './useFolders'
import { useUploads } from './useUploads'

interface Props {
  experimentId: string
  runId: string
  /** the file or folder that is open; '' is the root */
  path: string
  onPath: (path: string) => void
}

/** The artifacts of a run: a tree, and what is in the file or folder that is chosen. */
export function ArtifactBrowser(props: Props) {
  return <Browser key={props.runId} {...props} />
}

function Browser({ experimentId, runId, path, onPath }: Props) {
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const [words, setWords] = useState('')
  const ways = foldersAbove(path).join('\n')
  useEffect(() => {
    setUnfolded((before) => new Set([...before, ...ways.split('\n').filter(Boolean)]))
  }, [ways])
  // of what is chosen it is not known whether it is a folder before its own folder is listed
  const [folder, setFolder] = useState('')
  const wanted = useMemo(
    () => [...new Set(['', ...ways.split('\n').filter(Boolean), ...unfolded, folder])],
    [ways, unfolded, folder],
  )
  const { folders, root } = useFolders(runId, wanted)
  const file = fileAt(folders, path)
  const isFolder = path === '' || file?.is_dir === true
  useEffect(() => {
    if (isFolder) setFolder(path)
  }, [isFolder, path])
  const into = isFolder ? path : folderOf(path)
  const { uploads, items, send, question } = useUploads(runId)
  const [over, setOver] = useState(false)
  const toggle = (way: string, open: boolean) =>
    setUnfolded((before) => {
      const after = new Set(before)
      if (open) after.add(way)
      else after.delete(way)
      return after
    })
  const first = folders.get('')
  if (first?.state === 'failed') {
    return (
      <div class={styles.problem}>
        <Problem>{sentence(first.error)}</Problem>
        <Button onClick={() => void lookAgain(runId)}>Try again</Button>
      </div>
    )
  }
  const empty = first?.state === 'here' && first.files.length === 0
  return (
    <div
      class={styles.browser}
      data-over={over || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false)
      }}
      onDrop={(event) => {
        event.preventDefault()
        setOver(false)
        if (!event.dataTransfer) return
        droppedFiles(event.dataTransfer).then((chosen) => send(root, into, chosen), complain)
      }}
    >
      <div class={styles.side}>
        <div class={styles.search}>
          <Input
            type="search"
            aria-label="Search the artifacts that are loaded"
            placeholder="Search what is loaded"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
          <UploadButton onFiles={(files) => send(root, into, chosenFiles(files))} />
        </div>
        {first?.state === 'here' ? (
          <ArtifactTree
            folders={folders}
            unfolded={unfolded}
            words={words}
            chosen={path}
            onChoose={(way, isDirectory) => {
              if (isDirectory) toggle(way, way === path ? !unfolded.has(way) : true)
              onPath(way)
            }}
            onToggle={toggle}
          />
        ) : (
          <div class={styles.waiting} aria-busy="true">
            {['60%', '45%', '70%', '50%', '65%'].map((width) => (
              <Skeleton key={width} width={width} />
            ))}
          </div>
        )}
        {root && (
          <div class={styles.root} title={root}>
            <span class="ellipsis">{root}</span>
            <CopyButton text={root} label="Copy where artifacts are kept" />
          </div>
        )}
      </div>
      {empty ? (
        <Empty title="This run has no artifacts yet" snippet={logSnippet(runId, serverAddress())}>
          <p>Drop files here to upload them, or log them from Python:</p>
        </Empty>
      ) : file && !file.is_dir ? (
        <FileView
          file={{ runId, path, size: file.file_size ?? null, root }}
          experimentId={experimentId}
          onPath={onPath}
        />
      ) : path && folders.get(folderOf(path))?.state === 'here' && !file ? (
        <Empty title={`There is no artifact ${path}`}>
          <p>It may have been removed, or the link is wrong.</p>
          <Button onClick={() => onPath('')}>Show all artifacts</Button>
        </Empty>
      ) : (
        <FolderView
          runId={runId}
          experimentId={experimentId}
          path={path}
          folders={folders}
          onPath={onPath}
        />
      )}
      <UploadPanel uploads={uploads} items={items} />
      {question}
      {over && (
        <div class={styles.drop} aria-hidden="true">
          Drop to upload into {into ? `“${into}”` : 'the run'}
        </div>
      )}
    </div>
  )
}

function UploadButton({ onFiles }: { onFiles: (files: FileList) => void }) {
  const files = useRef<HTMLInputElement>(null)
  const folder = useRef<HTMLInputElement>(null)
  const chosen = (event: { currentTarget: HTMLInputElement }) => {
    const input = event.currentTarget
    if (input.files?.length) onFiles(input.files)
    input.value = '' // so that the same file can be chosen again
  }
  useEffect(() => folder.current?.setAttribute('webkitdirectory', ''), [])
  return (
    <>
      <Menu
        align="end"
        trigger={<Button icon={UploadIcon}>Upload</Button>}
        entries={[
          { label: 'Upload files', icon: UploadIcon, onSelect: () => files.current?.click() },
          { label: 'Upload a folder', icon: FolderUp, onSelect: () => folder.current?.click() },
        ]}
      />
      <input ref={files} type="file" multiple hidden aria-label="Files" onChange={chosen} />
      <input ref={folder} type="file" hidden aria-label="Folder" onChange={chosen} />
    </>
  )
}
