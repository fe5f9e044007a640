import { useEffect, useState } from 'preact/hooks'

/** The colours of the page, as a canvas needs them. */
export interface Theme {
  paperIs: 'dark' | 'light'
  ink: string
  quiet: string
  line: string
  paper: string
  accent: string
}

function read(): Theme {
  const style = getComputedStyle(document.documentElement)
  const token = (name: string, otherwise: string) =>
    style.getPropertyValue(name).trim() || otherwise
  return {
    paperIs: style.colorScheme === 'dark' ? 'dark' : 'light',
    ink: token('--ink', '#14232a'),
    quiet: token('--quiet', '#54676f'),
    line: token('--line', '#dde5e8'),
    paper: token('--paper', '#ffffff'),
    accent: token('--accent', '#0b6e80'),
  }
}

/** The colours of the theme; a component that uses it is drawn again when it changes. */
export function useTheme(): Theme {
  const [theme, setTheme] = useState(read)
  useEffect(() => {
    const changed = () => setTheme(read())
    const watch = new MutationObserver(changed)
    watch.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    const dark = window.matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', changed)
    return () => {
      watch.disconnect()
      dark.removeEventListener('change', changed)
    }
  }, [])
  return theme
}
