import { useMemo, useState } from 'preact/hooks'
import type { Param } from '../../api/schema'
import { CopyButton } from '../../ui/Copy'
import { Dialog } from '../../ui/Dialog'
import { Grid } from '../../ui/Grid'
import { Snippet } from '../../ui/Notes'
import { byName, type Finder } from './find'
import { Panel, tableHeight } from './Panel'
import styles from './run.module.css'
import { useWidth } from '../../charts/lib/useWidth'

/** Texts that hardly fit into a cell are shown whole when they are pressed. */
const LONG = 40

/** The params of a run. */
export function ParamsTable({ params, finder }: { params: readonly Param[]; finder: Finder }) {
  const [open, setOpen] = useState<Param | null>(null)
  const [box, width] = useWidth()
  const shown = useMemo(
    () =>
      params
        .filter(({ key, value = '' }) => finder.fits(key, value))
        .sort((a, b) => byName(a.key, b.key)),
    [params, finder],
  )
  const first = Math.round(Math.max(120, width * 0.46))
  const columns = useMemo(() => [Math.max(120, width - first)], [width, first])
  const json = () =>
    JSON.stringify(Object.fromEntries(shown.map(({ key, value = '' }) => [key, value])), null, 2)
  return (
    <Panel
      title="Params"
      shown={shown.length}
      all={params.length}
      actions={shown.length > 0 && <CopyButton text={json()} label="Copy params as JSON" />}
    >
      <div ref={box}>
        {shown.length === 0 ? (
          <p class={styles.none}>{params.length ? 'No param fits.' : 'No params.'}</p>
        ) : (
          <div class={styles.table} style={{ height: tableHeight(shown.length) }}>
            <Grid
              label="Params"
              rows={shown.length}
              columns={columns}
              first={first}
              corner="Name"
              columnHead={() => ({ content: 'Value' })}
              rowHead={(row) => ({
                content: <span class="ellipsis">{shown[row]!.key}</span>,
                title: shown[row]!.key,
              })}
              cell={(row) => valueCell(shown[row]!, setOpen)}
            />
          </div>
        )}
      </div>
      {open && (
        <Dialog wide title={open.key} onClose={() => setOpen(null)}>
          <div class={styles.whole}>
            <Snippet text={open.value ?? ''} label="Copy value" />
          </div>
        </Dialog>
      )}
    </Panel>
  )
}

function valueCell(param: Param, onOpen: (param: Param) => void) {
  const { key, value = '' } = param
  const long = value.length > LONG || value.includes('\n')
  return {
    class: styles.valueCell,
    content: (
      <>
        {long ? (
          <button
            type="button"
            class={`${styles.longValue} ellipsis`}
            title={`Show all of ${key}`}
            onClick={() => onOpen(param)}
          >
            {value.slice(0, 200)}
          </button>
        ) : (
          <span class="ellipsis" title={value}>
            {value}
          </span>
        )}
        <span class={styles.onHover}>
          <CopyButton text={value} label={`Copy ${key}`} />
        </span>
      </>
    ),
  }
}
