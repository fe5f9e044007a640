import { ListFilter } from 'lucide'
import { useState } from 'preact/hooks'
import { useAsk } from '../../api/query'
import { clauses, hasClause, toggleClause } from '../../lib/clauses'
import { quoteText } from '../../lib/columns'
import { filterFrom } from '../../lib/query'
import { Button } from '../../ui/Button'
import { Check } from '../../ui/Field'
import { Popover } from '../../ui/Popover'
import styles from './experiment.module.css'

interface Offer {
  label: string
  clause: string
}

interface Offers {
  title: string
  offers: readonly Offer[]
  /** parts of a filter of which one at most makes sense */
  instead?: RegExp
}

const STARTED: Offers = {
  title: 'Started',
  instead: /^attributes\.start_time > '\d+ \w+ ago'$/,
  offers: ['1 hour', '24 hours', '7 days', '30 days'].map((span) => ({
    label: `In the last ${span.replace(/^1 /, '')}`,
    clause: `attributes.start_time > '${span} ago'`,
  })),
}
const STATUS: Offers = {
  title: 'Status',
  instead: /^attributes\.status = '\w+'$/,
  offers: ['Running', 'Finished', 'Failed', 'Killed'].map((label) => ({
    label,
    clause: `attributes.status = '${label.toUpperCase()}'`,
  })),
}

/** What is often asked for, by a click: each is a part of the filter, where it can be read and changed. */
export function FilterMenu({
  experimentIds,
  filter,
  onFilter,
}: {
  experimentIds: string[]
  filter: string
  onFilter: (filter: string) => void
}) {
  const [open, setOpen] = useState(false)
  const { data } = useAsk(
    'experiments/search-datasets',
    { experiment_ids: experimentIds },
    { enabled: open, staleTime: 60_000 },
  )
  const names = [...new Set((data?.dataset_summaries ?? []).map((each) => each.name))].sort()
  const query = filterFrom(filter)
  const datasets: Offers = {
    title: 'Data set',
    instead: /^datasets\.name = '/,
    offers: names.map((name) => ({ label: name, clause: `datasets.name = ${quoteText(name)}` })),
  }
  const all = [STARTED, STATUS, ...(names.length > 0 ? [datasets] : [])]
  const parts = clauses(query)
  const held = all.flatMap(({ offers }) => offers).filter(({ clause }) => parts.includes(clause))
  return (
    <Popover
      label="Filter"
      open={open}
      onOpen={setOpen}
      trigger={
        <Button icon={ListFilter} aria-pressed={held.length > 0}>
          {held.length > 0 ? held.map(({ label }) => label).join(', ') : 'Filter'}
        </Button>
      }
    >
      <div class={styles.offers}>
        {all.map(({ title, offers, instead }) => (
          <fieldset key={title}>
            <legend>{title}</legend>
            {offers.map(({ label, clause }) => (
              <Check
                key={clause}
                label={label}
                checked={hasClause(query, clause)}
                onCheck={() => onFilter(toggleClause(query, clause, instead))}
              />
            ))}
          </fieldset>
        ))}
      </div>
    </Popover>
  )
}
