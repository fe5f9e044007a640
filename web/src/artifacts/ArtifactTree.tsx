import { File as FileIcon, Folder, FolderOpen } from 'lucide'
import { useMemo } from 'preact/hooks'
import { bytes } from '../lib/format'
import { Icon } from '../ui/Icon'
import { TreeView, type TreeItem } from '../ui/TreeView'
import styles from './artifacts.module.css'
import { entriesFound, entriesOf, type Entry, type Folders } from './tree'

const NOTES = { waiting: 'Loading…', failed: 'Could not be listed', empty: 'Empty' } as const

/** The folders and files of a run. */
export function ArtifactTree({
  folders,
  unfolded,
  words,
  chosen,
  onChoose,
  onToggle,
}: {
  folders: Folders
  unfolded: ReadonlySet<string>
  /** what is searched for */
  words: string
  chosen: string
  onChoose: (path: string, isFolder: boolean) => void
  onToggle: (path: string, open: boolean) => void
}) {
  const entries = useMemo(
    () => (words.trim() ? entriesFound(folders, words) : entriesOf(folders, unfolded)),
    [folders, unfolded, words],
  )
  const items = useMemo(() => entries.map(itemOf), [entries])
  if (words.trim() && items.length === 0) {
    return (
      <p class={styles.none}>
        Nothing that is loaded has this in its path. Unfold more folders to search them, too.
      </p>
    )
  }
  return (
    <TreeView
      class={styles.tree}
      label="Artifacts"
      items={items}
      chosen={chosen}
      onChoose={(path) => onChoose(path, items.find(({ id }) => id === path)?.open !== null)}
      onToggle={onToggle}
    />
  )
}

function itemOf(entry: Entry): TreeItem {
  return {
    id: entry.path,
    level: entry.level,
    open: entry.isFolder ? entry.open : null,
    text: entry.name,
    place: entry.place,
    siblings: entry.siblings,
    label: () => <Shown entry={entry} />,
  }
}

function Shown({ entry: { name, isFolder, open, size, note } }: { entry: Entry }) {
  return (
    <>
      <span class={isFolder ? styles.folderIcon : styles.fileIcon}>
        <Icon of={isFolder ? (open ? FolderOpen : Folder) : FileIcon} size={15} />
      </span>
      <span>{name}</span>
      <small class={styles.size}>{note ? NOTES[note] : size === null ? '' : bytes(size)}</small>
    </>
  )
}
