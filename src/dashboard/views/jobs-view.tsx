import { useDashboard } from '../state/dashboard.js'
import { type Filter, filterQuery, jobsHash, noFilter } from '../state/route.js'
import { formatCount } from '../text/format.js'
import { BatchCard } from './batch-card.js'
import { FilterBar } from './filter-bar.js'
import { Icon } from './icon.js'
import { JobTable } from './job-table.js'
import { Summary } from './summary.js'

const NothingYet = () => {
  const { submitting, session } = useDashboard()
  return (
    <section class="empty card">
      <span class="empty-mark">
        <Icon name="anchor" />
      </span>
      <h2>Nothing to upload yet</h2>
      <p>
        Submit a first file. From then on the daemon takes care of it, whatever happens to you, to it or to the network.
      </p>
      <pre>
        <code>npx longshore put ./video.mp4 oss://my-bucket/in/ --wait</code>
      </pre>
      {session.value?.scope !== 'read' && (
        <p>
          <button
            type="button"
            class="button primary"
            onClick={() => {
              submitting.value = true
            }}
          >
            <Icon name="plus" /> Or begin here
          </button>
        </p>
      )}
    </section>
  )
}

const NothingFits = ({ filter, refusal }: { readonly filter: Filter; readonly refusal: string | null }) => (
  <section class="empty card">
    <h2>No job matches this filter</h2>
    <p>
      {refusal ??
        (filterQuery(filter) === 'state=failed'
          ? 'Nothing has failed. That is how it should be.'
          : 'Jobs that match it later appear here by themselves.')}
    </p>
    <p>
      <a class="button" href={jobsHash(noFilter)}>
        Show all jobs
      </a>
    </p>
  </section>
)

/** Shows the list of jobs, with the summary of all of them above it. */
export const JobsView = ({ filter }: { readonly filter: Filter }) => {
  const { jobs } = useDashboard()
  jobs.revision.value
  const { size } = jobs.list()
  const settled = !jobs.loading.value && jobs.connection.value === 'live'
  const filtered = filterQuery(filter) !== ''
  return (
    <>
      <h1 class="unseen">Jobs</h1>
      {(size > 0 || filtered) && <Summary />}
      {filter.batch !== '' && <BatchCard id={filter.batch} />}
      {(size > 0 || filtered) && <FilterBar filter={filter} />}
      {size > 0 && <JobTable />}
      {size === 0 &&
        settled &&
        (filtered ? <NothingFits filter={filter} refusal={jobs.refusal.value} /> : <NothingYet />)}
      {size === 0 && !settled && <p class="loading muted">Looking at the jobs…</p>}
      {size > 0 && (
        <p class="list-end muted">
          {jobs.complete.value
            ? `${formatCount(size)} shown, newest first.`
            : `${formatCount(size)} shown so far; more come as you scroll.`}
        </p>
      )}
    </>
  )
}
