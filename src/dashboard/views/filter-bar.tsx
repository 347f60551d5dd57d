import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { useDashboard } from '../state/dashboard.js'
import { type Filter, groupOf, jobsHash, noFilter, type StateGroup, stateGroups } from '../state/route.js'
import { formatCount } from '../text/format.js'

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

/** What the list shows. All of it stands in the address, so that a reload or a link keeps it. */
export const FilterBar = ({ filter }: { readonly filter: Filter }) => {
  const { jobs } = useDashboard()
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  /** What is being typed: every event draws the fields anew, and must not take it away. */
  const drafts = useSignal<Partial<Filter>>({})
  const filterNow = useRef(filter)
  filterNow.current = filter
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current)
    },
    [],
  )
  const counts = jobs.stats.value?.jobs
  const narrowed = filter.bucket !== '' || filter.label !== '' || filter.batch !== ''
  const group = groupOf(filter.states)

  const settle = (): void => {
    const { bucket, label, batch } = { ...filterNow.current, ...drafts.peek() }
    const typed = { bucket: bucket.trim(), label: label.trim(), batch: batch.trim() }
    history.replaceState(null, '', jobsHash({ ...filterNow.current, ...typed }))
    dispatchEvent(new HashChangeEvent('hashchange'))
  }

  const type = (name: (typeof fields)[number]['name'], value: string): void => {
    drafts.value = { ...drafts.peek(), [name]: value }
    if (timer.current !== null) clearTimeout(timer.current)
    timer.current = setTimeout(settle, settleMs)
  }

  const leave = (): void => {
    if (Object.keys(drafts.peek()).length === 0) return
    if (timer.current !== null) clearTimeout(timer.current)
    settle()
    drafts.value = {}
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
              {/* The totals are over all jobs: beside a narrower list they would mislead. */}
              {!narrowed && counts !== undefined && <span class="count">{formatCount(count)}</span>}
            </a>
          )
        })}
      </nav>
      <search>
        <form class="filter-fields" onSubmit={(event) => event.preventDefault()}>
          {fields.map(({ name, label, hint }) => (
            <label key={name} class="filter-field" data-name={name}>
              <span class="unseen">{label}</span>
              <input
                type="text"
                name={name}
                value={drafts.value[name] ?? filter[name]}
                placeholder={hint}
                autocomplete="off"
                spellcheck={false}
                onInput={(event) => type(name, event.currentTarget.value)}
                onBlur={leave}
              />
            </label>
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
