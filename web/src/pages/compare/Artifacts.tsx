import { ArrowLeftRight, Columns2 } from 'lucide'
import { useQueries } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { sentence } from '../../api/errors'
import { folderOf, shownAddress, type FileOfRun } from '../../artifacts/files'
import { Preview } from '../../artifacts/FileView'
import { isImage, isText } from '../../artifacts/previews/kinds'
import { useWhole } from '../../artifacts/read'
import { listing } from '../../artifacts/useFolders'
import { bytes, plural } from '../../lib/format'
import { Button, IconButton } from '../../ui/Button'
import { Check, Input } from '../../ui/Field'
import { Empty, Hint, Problem, Skeleton } from '../../ui/Notes'
import { TextDiff } from '../../ui/TextDiff'
import styles from './compare.module.css'
import type { ComparedRun, PartProps } from './ComparePage'
import { pairOf, type PairedFile } from './pairs'
import { Pick } from './Pick'
import { useFilesBelow } from './useFilesBelow'

const MOST_TEXT = 4_000_000
const MOST_SHOWN = 400
const IMAGES_AT_FIRST = 24

/** The same file of two runs side by side; an image of all of them. */
export function Artifacts({ state, change, runs }: PartProps) {
  const pick = (id: string) => runs.find((run) => run.id === id)
  const left = pick(state.left) ?? pick(state.baseline) ?? runs[0]!
  const right = pick(state.right) ?? runs.find(({ id }) => id !== left.id) ?? left
  const [words, setWords] = useState('')
  const a = useFilesBelow(left.id)
  const b = useFilesBelow(right.id)
  const files = useMemo(() => pairOf(a.files, b.files), [a.files, b.files])
  const found = useMemo(
    () => files.filter(({ path }) => path.toLowerCase().includes(words.trim().toLowerCase())),
    [files, words],
  )
  const chosen = files.find(({ path }) => path === state.path) ?? (state.path ? null : files[0])
  const choices = runs.map(({ id, name }) => ({ value: id, label: name }))
  const error = a.error ?? b.error
  return (
    <div class={styles.artifacts}>
      <div class={styles.tools}>
        <Pick
          label="Left"
          value={left.id}
          choices={choices}
          onChoose={(id) => change({ left: id, right: right.id })}
        />
        <IconButton
          icon={ArrowLeftRight}
          label="Swap left and right"
          onClick={() => change({ left: right.id, right: left.id })}
        />
        <Pick
          label="Right"
          value={right.id}
          choices={choices}
          onChoose={(id) => change({ left: left.id, right: id })}
        />
      </div>
      {error !== null && <Problem>{sentence(error)}</Problem>}
      {!a.busy && !b.busy && files.length === 0 ? (
        <Empty title="Neither run has artifacts">
          <p>Choose other runs, or log files with mlflow.log_artifact.</p>
        </Empty>
      ) : (
        <div class={styles.panes}>
          <nav class={styles.files} aria-label="Files">
            <Input
              type="search"
              aria-label="Search files"
              placeholder="Search files"
              value={words}
              onInput={(event) => setWords(event.currentTarget.value)}
            />
            <ul>
              {found.slice(0, MOST_SHOWN).map((file) => (
                <li key={file.path}>
                  <button
                    type="button"
                    aria-current={file.path === chosen?.path ? 'true' : undefined}
                    title={file.path}
                    onClick={() => change({ path: file.path })}
                  >
                    <span class={styles.filePath}>{file.path}</span>
                    <small class="quiet">{whereText(file)}</small>
                  </button>
                </li>
              ))}
            </ul>
            <p class="quiet">
              {a.busy || b.busy ? 'Listing…' : plural(files.length, 'file')}
              {found.length > MOST_SHOWN && `, the first ${MOST_SHOWN} shown`}
              {(a.more || b.more) && ', more were not listed'}
            </p>
          </nav>
          <div class={styles.shown}>
            {chosen ? (
              <Shown key={chosen.path} file={chosen} left={left} right={right} runs={runs} />
            ) : state.path && !a.busy && !b.busy ? (
              <Empty title={`Neither run has ${state.path}`} />
            ) : (
              <Waiting />
            )}
          </div>
        </div>
      )}
    </div>
  )
}

function whereText({ left, right }: PairedFile): string {
  if (left === undefined) return 'only right'
  if (right === undefined) return 'only left'
  if (left === null || right === null) return 'in both'
  return left === right ? bytes(left) : `${bytes(left)} → ${bytes(right)}`
}

function fileOf(run: ComparedRun, path: string, size: number | null): FileOfRun {
  return { runId: run.id, path, size, root: '' }
}

function Shown({
  file,
  left,
  right,
  runs,
}: {
  file: PairedFile
  left: ComparedRun
  right: ComparedRun
  runs: readonly ComparedRun[]
}) {
  const [asText, setAsText] = useState(true)
  if (isImage(file.path)) return <Images path={file.path} runs={runs} />
  const a = file.left === undefined ? null : fileOf(left, file.path, file.left)
  const b = file.right === undefined ? null : fileOf(right, file.path, file.right)
  const small = Math.max(file.left ?? 0, file.right ?? 0) <= MOST_TEXT
  if (isText(file.path) && a && b && small && asText) {
    return (
      <>
        <div class={styles.fileHead}>
          <strong class="ellipsis">{file.path}</strong>
          <Button small icon={Columns2} onClick={() => setAsText(false)}>
            Show both previews
          </Button>
        </div>
        <Differences left={a} right={b} leftName={left.name} rightName={right.name} />
      </>
    )
  }
  return (
    <>
      <div class={styles.fileHead}>
        <strong class="ellipsis">{file.path}</strong>
        {isText(file.path) && a && b && small && (
          <Button small onClick={() => setAsText(true)}>
            Show differences
          </Button>
        )}
      </div>
      {!small && isText(file.path) && (
        <Hint>Files above {bytes(MOST_TEXT)} are not compared line by line.</Hint>
      )}
      <div class={styles.both}>
        <Side run={left} file={a} />
        <Side run={right} file={b} />
      </div>
    </>
  )
}

function Side({ run, file }: { run: ComparedRun; file: FileOfRun | null }) {
  return (
    <section aria-label={`In ${run.name}`}>
      <h2 class={styles.sideName}>
        <span class={styles.swatch} style={{ background: run.colour }} aria-hidden="true" />
        {run.name}
      </h2>
      <div class={styles.sideBody}>
        {file ? <Preview file={file} /> : <p class={styles.none}>This run does not have it.</p>}
      </div>
    </section>
  )
}

function Differences({
  left,
  right,
  leftName,
  rightName,
}: {
  left: FileOfRun
  right: FileOfRun
  leftName: string
  rightName: string
}) {
  const a = useWhole(left, MOST_TEXT)
  const b = useWhole(right, MOST_TEXT)
  const error = a.error ?? b.error
  if (error) return <Problem>{sentence(error)}</Problem>
  if (a.data === undefined || b.data === undefined) return <Waiting />
  if (a.data === null || b.data === null) {
    return <Hint>Files above {bytes(MOST_TEXT)} are not compared line by line.</Hint>
  }
  return <TextDiff left={a.data} right={b.data} leftName={leftName} rightName={rightName} />
}

/** An image of all runs that have it. */
function Images({ path, runs }: { path: string; runs: readonly ComparedRun[] }) {
  const [most, setMost] = useState(IMAGES_AT_FIRST)
  const [pixels, setPixels] = useState(true)
  const shown = runs.slice(0, most)
  useEffect(() => setMost(IMAGES_AT_FIRST), [path])
  const lists = useQueries({ queries: shown.map((run) => listing(run.id, folderOf(path))) })
  return (
    <div class={styles.imagePart}>
      <div class={styles.fileHead}>
        <strong class="ellipsis">{path}</strong>
        <Check label="Sharp pixels" checked={pixels} onCheck={setPixels} />
      </div>
      <div class={styles.images} tabIndex={0} role="region" aria-label={`${path} of the runs`}>
        {shown.map((run, index) => {
          const answer = lists[index]
          const has = answer?.data?.files?.some((file) => file.path === path)
          return (
            <figure key={run.id}>
              {has ? (
                <img
                  loading="lazy"
                  class={pixels ? styles.pixels : undefined}
                  src={shownAddress({ runId: run.id, path })}
                  alt={`${path} of ${run.name}`}
                />
              ) : (
                <div class={styles.noImage}>
                  {answer?.isLoading ? <Skeleton height={120} /> : 'Not in this run'}
                </div>
              )}
              <figcaption>
                <span class={styles.swatch} style={{ background: run.colour }} aria-hidden="true" />
                <span class="ellipsis">{run.name}</span>
              </figcaption>
            </figure>
          )
        })}
      </div>
      {runs.length > most && (
        <div>
          <Button onClick={() => setMost(most + IMAGES_AT_FIRST)}>
            Show {Math.min(IMAGES_AT_FIRST, runs.length - most)} more
          </Button>
        </div>
      )}
    </div>
  )
}

function Waiting() {
  return (
    <div class={styles.waiting} aria-busy="true">
      <Skeleton width="60%" />
      <Skeleton width="75%" />
      <Skeleton width="50%" />
    </div>
  )
}
