import { Copy, Download, ExternalLink } from 'lucide'
import { lazy, Suspense } from 'preact/compat'
import type { FunctionComponent } from 'preact'
import { bytes } from '../lib/format'
import { serverAddress } from '../lib/server'
import { paths } from '../paths'
import { IconButton, LinkButton } from '../ui/Button'
import { copy } from '../ui/Copy'
import { Menu } from '../ui/Menu'
import { complain, say } from '../ui/Toasts'
import styles from './artifacts.module.css'
import { contentAddress, fetchSnippet, nameOf, shownAddress, uriOf } from './files'
import type { FileOfRun } from './files'
import { KINDS, kindOf, type KindName, type PreviewProps } from './previews/kinds'
import { PreviewBoundary, Waiting } from './previews/states'

const PREVIEWS = Object.fromEntries(
  Object.entries(KINDS).map(([kind, { load }]) => [
    kind,
    lazy(() => load().then((found) => ({ default: found }))),
  ]),
) as Record<KindName, FunctionComponent<PreviewProps>>

/** The preview of a file, whose code is fetched when the first of its kind is opened. */
export function Preview({ file }: PreviewProps) {
  const Shown = PREVIEWS[kindOf(file.path)]
  return (
    <PreviewBoundary key={`${file.runId} ${file.path}`}>
      <Suspense fallback={<Waiting />}>
        <Shown file={file} />
      </Suspense>
    </PreviewBoundary>
  )
}

/** A file: its name, what can be done with it, and what is in it. */
export function FileView({
  file,
  experimentId,
  onPath,
}: {
  file: FileOfRun
  experimentId: string
  onPath: (path: string) => void
}) {
  return (
    <section class={styles.view} aria-label={file.path}>
      <h2 class="aside">{nameOf(file.path)}</h2>
      <div class={styles.head}>
        <Crumbs path={file.path} onPath={onPath} />
        {file.size !== null && <span class="quiet">{bytes(file.size)}</span>}
        <span class={styles.actions}>
          <CopyMenu runId={file.runId} experimentId={experimentId} path={file.path} />
          {kindOf(file.path) !== 'bytes' && (
            <LinkButton
              small
              kind="quiet"
              icon={ExternalLink}
              href={shownAddress(file)}
              target="_blank"
              rel="noreferrer"
            >
              Open
            </LinkButton>
          )}
          <LinkButton
            small
            icon={Download}
            href={contentAddress(file)}
            download={nameOf(file.path)}
          >
            Download
          </LinkButton>
        </span>
      </div>
      <div class={styles.shown}>
        <Preview file={file} />
      </div>
    </section>
  )
}

/** The way to an artifact; each folder on it opens. */
export function Crumbs({ path, onPath }: { path: string; onPath: (path: string) => void }) {
  const names = path ? path.split('/') : []
  return (
    <nav class={styles.crumbs} aria-label="Path">
      <button type="button" onClick={() => onPath('')}>
        Artifacts
      </button>
      {names.map((name, index) => {
        const way = names.slice(0, index + 1).join('/')
        return (
          <span key={way}>
            <span aria-hidden="true">/</span>
            {index === names.length - 1 ? (
              <strong aria-current="location">{name}</strong>
            ) : (
              <button type="button" onClick={() => onPath(way)}>
                {name}
              </button>
            )}
          </span>
        )
      })}
    </nav>
  )
}

/** Copies what names an artifact elsewhere. */
export function CopyMenu({
  runId,
  experimentId,
  path,
}: {
  runId: string
  experimentId: string
  path: string
}) {
  const entry = (label: string, text: () => string) => ({
    label,
    onSelect: () => void copy(text()).then(() => say('Copied'), complain),
  })
  return (
    <Menu
      align="end"
      trigger={<IconButton small icon={Copy} label="Copy path, URI or code" />}
      entries={[
        ...(path ? [entry('Copy path', () => path)] : []),
        entry('Copy URI', () => uriOf(runId, path)),
        entry('Copy Python code', () => fetchSnippet(runId, path, serverAddress())),
        entry('Copy link', () => serverAddress() + '/' + paths.artifact(experimentId, runId, path)),
      ]}
    />
  )
}
