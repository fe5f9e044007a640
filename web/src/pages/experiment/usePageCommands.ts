import { Columns2, Table2 } from 'lucide'
import { useEffect, useMemo } from 'preact/hooks'
import { ALL } from '../../lib/selection'
import { useCommands, type Command } from '../../state/commands'
import { setPrefs, usePrefs } from '../../state/prefs'
import type { ChangeView } from '../../state/useView'
import type { View } from '../../state/view'
import { focusQuery } from './useColumnActions'
import type { Table } from './useTable'

/** `/` begins a search from anywhere on the page. */
export function useSlash(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target
      const typing =
        target instanceof HTMLElement && target.closest('input, textarea, select, dialog')
      if (event.key !== '/' || event.ctrlKey || event.metaKey || typing) return
      event.preventDefault()
      focusQuery()
    }
    window.addEventListener('keydown', pressed)
    return () => window.removeEventListener('keydown', pressed)
  }, [])
}

/** What the palette can do on the page of an experiment. */
export function usePageCommands(
  view: View,
  change: ChangeView,
  table: Table,
  setExporting: (exporting: boolean) => void,
): void {
  const { live, density } = usePrefs()
  const commands = useMemo<Command[]>(() => {
    const group = 'Runs'
    const next = density === 'compact' ? 'comfortable' : 'compact'
    return [
      { group, label: 'Search', run: focusQuery },
      { group, label: 'Show the table', icon: Table2, run: () => change({ layout: 'table' }) },
      {
        group,
        label: 'Show table and charts',
        icon: Columns2,
        run: () => change({ layout: 'split' }),
      },
      { group, label: 'Show charts', run: () => change({ layout: 'charts' }) },
      { group, label: 'Select all that match', run: () => change({ selected: [ALL] }) },
      { group, label: 'Clear selection', run: () => change({ selected: [] }) },
      { group, label: 'Show only differences', run: () => change({ differ: !view.differ }) },
      { group, label: 'Nest children', run: () => change({ tree: !view.tree, unfolded: [] }) },
      { group, label: 'Export as CSV or JSON', run: () => setExporting(true) },
      { group, label: 'Ask again', run: () => table.rows.refresh() },
      {
        group,
        label: live ? 'Pause live updates' : 'Go on with live updates',
        run: () => setPrefs({ live: !live }),
      },
      { group, label: `Make rows ${next}`, run: () => setPrefs({ density: next }) },
    ]
  }, [view.differ, view.tree, live, density, change, table.rows, setExporting])
  useCommands(commands)
}
