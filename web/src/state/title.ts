import { useEffect } from 'preact/hooks'

/** Name what is shown in the title of the browser's tab; null leaves the title of the page. */
export function useTitle(name: string | null): void {
  useEffect(() => {
    if (name) document.title = `${name} · Millstream`
  }, [name])
}
