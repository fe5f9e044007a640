import { BookOpen, Monitor, Moon, Search, Sun } from 'lucide'
import { Suspense } from 'preact/compat'
import { useEffect, useState } from 'preact/hooks'
import { paths } from '../paths'
import { match } from '../routes'
import { useAddress } from '../state/address'
import { setPrefs, usePrefs } from '../state/prefs'
import { Button, IconButton } from '../ui/Button'
import { Icon } from '../ui/Icon'
import { Empty, Skeleton } from '../ui/Notes'
import { Toasts } from '../ui/Toasts'
import { Boundary } from './Boundary'
import { Palette } from './Palette'
import styles from './shell.module.css'

const THEMES = { system: Monitor, light: Sun, dark: Moon } as const
const NEXT = { system: 'light', light: 'dark', dark: 'system' } as const

/** What is around every page: the bar, the command palette, messages. */
export function Shell() {
  const { path } = useAddress()
  const { theme } = usePrefs()
  const [finding, setFinding] = useState(false)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        setFinding(true)
      }
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [])
  return (
    <div class={styles.shell}>
      <a
        class={styles.skip}
        href="#main"
        onClick={(event) => {
          event.preventDefault() // the address behind the # is the page's
          document.getElementById('main')?.focus()
        }}
      >
        Skip to content
      </a>
      <header class={styles.bar}>
        <a class={styles.brand} href={paths.experiments()}>
          <img src="static-files/icon.svg" alt="" />
          Millstream
        </a>
        <nav class={styles.nav} aria-label="Main">
          <a
            href={paths.experiments()}
            aria-current={path === '/' || path.startsWith('/experiments') ? 'page' : undefined}
          >
            Experiments
          </a>
        </nav>
        <Button class={styles.find} icon={Search} onClick={() => setFinding(true)}>
          Find or do… <kbd>{navigator.platform.startsWith('Mac') ? '⌘K' : 'Ctrl K'}</kbd>
        </Button>
        <IconButton
          icon={THEMES[theme]}
          label={`Theme: ${theme}`}
          onClick={() => setPrefs({ theme: NEXT[theme] })}
        />
        <a href={paths.api()} aria-label="API documentation" title="API documentation">
          <Icon of={BookOpen} />
        </a>
      </header>
      <main id="main" class={styles.main} tabIndex={-1}>
        <Shown path={path} />
      </main>
      {finding && <Palette onClose={() => setFinding(false)} />}
      <Toasts />
    </div>
  )
}

function Shown({ path }: { path: string }) {
  const found = match(path)
  const title = found?.page.title ?? 'Not found'
  useEffect(() => {
    document.title = `${title} · Millstream`
  }, [title])
  if (!found) {
    return (
      <Empty title="There is no such page">
        <p>
          The address names nothing that this server shows. Begin at the{' '}
          <a href={paths.experiments()}>experiments</a>.
        </p>
      </Empty>
    )
  }
  const { page: Found } = found.page
  return (
    <Boundary key={keyOf(found.names)}>
      <Suspense fallback={<Loading />}>
        <Found {...found.names} />
      </Suspense>
    </Boundary>
  )
}

/** What a page is about: while that stays the same, a change of the address is a change of its view. */
function keyOf({ experimentId, runId }: Record<string, string>): string {
  return runId ?? experimentId ?? ''
}

function Loading() {
  return (
    <div style={{ padding: 24, display: 'grid', gap: 12 }} aria-busy="true">
      <Skeleton width={260} height={24} />
      <Skeleton height={16} />
      <Skeleton height={16} />
      <Skeleton height={16} width="70%" />
    </div>
  )
}
