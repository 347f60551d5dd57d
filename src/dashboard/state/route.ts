import { type JobState, jobStates } from '../../core/job.js'
import type { JobView } from '../../core/job-view.js'

/** This is what the list shows. Empty text and an empty list match anything. `label` is `k=v`, or `k` for any value. */
export interface Filter {
  readonly states: readonly JobState[]
  readonly bucket: string
  readonly label: string
  readonly batch: string
}

export type Route =
  | { readonly page: 'jobs'; readonly filter: Filter }
  | { readonly page: 'job'; readonly id: string }
  | { readonly page: 'batches' }

export const noFilter: Filter = { states: [], bucket: '', label: '', batch: '' }

/** People ask for these groups of states. */
export const stateGroups = {
  all: [],
  active: ['running', 'completing', 'cancelling'],
  waiting: ['queued'],
  paused: ['paused'],
  failed: ['failed'],
  done: ['completed'],
  cancelled: ['cancelled'],
} as const satisfies Record<string, readonly JobState[]>
export type StateGroup = keyof typeof stateGroups

const isState = (text: string): text is JobState => (jobStates as readonly string[]).includes(text)

/** Returns the group that holds exactly these states, or null. */
export const groupOf = (states: readonly JobState[]): StateGroup | null => {
  const wanted = [...states].sort().join()
  const found = Object.entries(stateGroups).find(([, group]) => [...group].sort().join() === wanted)
  return (found?.[0] as StateGroup | undefined) ?? null
}

/** Parses the part of an address behind `#`. The whole route stands there, so that a reload and a link keep it. */
export const parseRoute = (hash: string): Route => {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2)
  const [page, id] = path.split('/')
  if (page === 'jobs' && id !== undefined && id !== '') return { page: 'job', id: decode(id) }
  if (page === 'batches') return { page: 'batches' }
  const params = new URLSearchParams(query)
  return {
    page: 'jobs',
    filter: {
      states: (params.get('state') ?? '').split(',').filter(isState),
      bucket: params.get('bucket') ?? '',
      label: params.get('label') ?? '',
      batch: params.get('batch') ?? '',
    },
  }
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Returns the query of `GET /v1/jobs`, and of the address, for a filter. */
export const filterQuery = ({ states, bucket, label, batch }: Filter): string => {
  const params = new URLSearchParams()
  if (states.length > 0) params.set('state', states.join(','))
  if (bucket !== '') params.set('bucket', bucket)
  if (label !== '') params.set('label', label)
  if (batch !== '') params.set('batch', batch)
  return params.toString()
}

export const jobsHash = (filter: Filter): string => {
  const query = filterQuery(filter)
  return query === '' ? '#/jobs' : `#/jobs?${query}`
}

export const jobHash = (id: string): string => `#/jobs/${encodeURIComponent(id)}`

/** Returns whether the daemon would list the job under this filter. */
export const matchesFilter = ({ states, bucket, label, batch }: Filter, job: JobView): boolean => {
  if (states.length > 0 && !states.includes(job.state)) return false
  if (bucket !== '' && job.target.bucket !== bucket) return false
  if (batch !== '' && job.batchId !== batch) return false
  if (label === '') return true
  const at = label.indexOf('=')
  return at === -1 ? Object.hasOwn(job.labels, label) : job.labels[label.slice(0, at)] === label.slice(at + 1)
}
