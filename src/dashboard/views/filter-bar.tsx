import { useDashboard } from '../state/dashboard.js'
import { type Filter, groupOf, jobsHash, noFilter, type StateGroup, stateGroups } from '../state/route.js'
import { formatCount } from '../text/format.js'
import { DraftInput } from './draft-input.js'

const groupWords: Readonly<Record<StateGroup, string>> = {
  all: 'All',
  active: 'Uploading',
  waiting: 'Queued',
  paused: 'Paused',
  failed: 'Failed',
  done: 'Done',
  cancelled: 'Cancelled',
}

const settleMs = 300

const fields = [
  { name: 'bucket', label: 'Bucket', hint: 'Bucket' },
  { name: 'label', label: 'Label', hint: 'Label: key=value' },
  { name: 'batch', label: 'Batch', hint: 'Batch id' },
] as const

/** Chooses what the list shows. All of it stands in the address, so that a reload or a link keeps it. */
export const FilterBar = ({ filter }: { readonly filter: Filter }) => {
  const { jobs, route } = useDashboard()
  const counts = jobs.stats.value?.jobs
  const narrowed = filter.bucket !== '' || filter.label !== '' || filter.batch !== ''
  const group = groupOf(filter.states)

  const narrow = (name: (typeof fields)[number]['name'], text: string): void => {
    // What another field has put there meanwhile stays.
    const now = route.peek()
    if (now.page !== 'jobs') return
    history.replaceState(null, '', jobsHash({ ...now.filter, [name]: text }))
    dispatchEvent(new HashChangeEvent('hashchange'))
  }

  return (
    <div class="filters">
      <nav class="groups" aria-label="Jobs by state">
        {(Object.keys(stateGroups) as StateGroup[]).map((name) => {
          const states = stateGroups[name]
          const wanted = states.length === 0 ? Object.values(counts ?? {}) : states.map((state) => counts?.[state] ?? 0)
          const count = wanted.reduce((sum, value) => sum + value, 0)
          return (
            <a
              key={name}
              class="group"
              href={jobsHash({ ...filter, states })}
              aria-current={group === name ? 'true' : undefined}
              data-empty={count === 0}
            >
              {groupWords[name]}
              {/* The totals are over all jobs, so they would mislead beside a narrower list. */}
              {!narrowed && counts !== undefined && <span class="count">{formatCount(count)}</span>}
            </a>
          )
        })}
      </nav>
      <search>
        <form class="filter-fields" onSubmit={(event) => event.preventDefault()}>
          {fields.map(({ name, label, hint }) => (
            <span key={name} class="filter-field" data-name={name}>
              <DraftInput
                label={label}
                name={name}
                value={filter[name]}
                placeholder={hint}
                settleMs={settleMs}
                onCommit={(text) => narrow(name, text)}
              />
            </span>
          ))}
          {narrowed && (
            <a class="button quiet" href={jobsHash({ ...noFilter, states: filter.states })}>
              Clear
            </a>
          )}
        </form>
      </search>
    </div>
  )
}
