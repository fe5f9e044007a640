import { BookOpen, Monitor, Moon, Radio, Rows3, Search, Settings2, Sun } from 'lucide'
import { Suspense } from 'preact/compat'
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { paths } from '../paths'
import { match } from '../routes'
import { useAddress } from '../state/address'
import { setPrefs, usePrefs } from '../state/prefs'
import { Button, IconButton, LinkButton } from '../ui/Button'
import { Menu } from '../ui/Menu'
import { Empty, Skeleton } from '../ui/Notes'
import { Toasts } from '../ui/Toasts'
import { Boundary } from './Boundary'
import { Palette } from './Palette'
import styles from './shell.module.css'

/** What is around every page: the bar, the command palette, messages. */
export function Shell() {
  const { path } = useAddress()
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
        <span class={styles.end}>
          <Settings />
          <LinkButton
            kind="quiet"
            class={styles.square}
            icon={BookOpen}
            href={paths.api()}
            aria-label="API documentation"
            title="API documentation"
          />
        </span>
      </header>
      <main id="main" class={styles.main} tabIndex={-1}>
        <Shown path={path} />
      </main>
      {finding && <Palette onClose={() => setFinding(false)} />}
      <Toasts />
    </div>
  )
}

const THEMES = [
  { theme: 'system', label: 'Theme of the system', icon: Monitor },
  { theme: 'light', label: 'Light theme', icon: Sun },
  { theme: 'dark', label: 'Dark theme', icon: Moon },
] as const

/** What one reader prefers: it stays in this browser. */
function Settings() {
  const { theme, density, live } = usePrefs()
  const compact = density === 'compact'
  return (
    <Menu
      align="end"
      trigger={<IconButton icon={Settings2} label="Settings" />}
      entries={[
        ...THEMES.map((each) => ({
          label: each.label,
          icon: each.icon,
          checked: each.theme === theme,
          onSelect: () => setPrefs({ theme: each.theme }),
        })),
        'line',
        {
          label: 'Compact rows',
          icon: Rows3,
          checked: compact,
          onSelect: () => setPrefs({ density: compact ? 'comfortable' : 'compact' }),
        },
        {
          label: 'Live updates',
          icon: Radio,
          checked: live,
          onSelect: () => setPrefs({ live: !live }),
        },
      ]}
    />
  )
}

function Shown({ path }: { path: string }) {
  const found = match(path)
  const title = found?.page.title ?? 'Not found'
  // before a page names what it shows, which comes later; see useTitle
  useLayoutEffect(() => {
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
