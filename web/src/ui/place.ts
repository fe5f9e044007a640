import { useMemo } from 'preact/hooks'

/**
 * Where a menu or a panel is put when it opens: into the dialog that is open, outside of which
 * nothing can be used; or else into the page's content, where it is looked for.
 */
export function usePlace(open: boolean): HTMLElement | null {
  return useMemo(
    () =>
      open
        ? ([...document.querySelectorAll<HTMLElement>('dialog[open], #main')].at(-1) ?? null)
        : null,
    [open],
  )
}
