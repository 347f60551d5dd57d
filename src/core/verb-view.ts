import type { BulkVerb } from './bulk-verb.js'
import type { JobState } from './job.js'
import type { Verb } from './verb.js'

export const bulkVerbStates = ['running', 'completed', 'replaced'] as const
export type BulkVerbState = (typeof bulkVerbStates)[number]

/** This is a bulk verb as requests are answered. The names in the filter are those of the query. */
export interface BulkVerbView {
  readonly id: string
  readonly verb: Verb
  readonly state: BulkVerbState
  readonly filter: {
    readonly state?: readonly JobState[]
    readonly bucket?: string
    readonly batch?: string
    readonly label?: readonly string[]
    readonly source?: string
  }
  readonly by: string | null
  readonly jobs: number
  readonly batches: number
  readonly changed: number
  readonly refused: number
  readonly createdAt: string
  readonly finishedAt: string | null
}

const stateOf = ({ finishedAt, isReplaced }: BulkVerb): BulkVerbState => {
  if (finishedAt === null) return 'running'
  return isReplaced ? 'replaced' : 'completed'
}

export const viewBulkVerb = (bulk: BulkVerb): BulkVerbView => {
  const { states, bucket, batchId, labels, source } = bulk.filter
  return {
    id: `v-${bulk.id}`,
    verb: bulk.verb,
    state: stateOf(bulk),
    filter: {
      ...(states === undefined ? {} : { state: states }),
      ...(bucket === undefined ? {} : { bucket }),
      ...(batchId === undefined ? {} : { batch: batchId }),
      ...(labels === undefined
        ? {}
        : { label: labels.map(({ key, value }) => (value === null ? key : `${key}=${value}`)) }),
      ...(source === undefined ? {} : { source }),
    },
    by: bulk.by,
    jobs: bulk.jobs,
    batches: bulk.batches,
    changed: bulk.changed,
    refused: bulk.refused,
    createdAt: new Date(bulk.givenAt).toISOString(),
    finishedAt: bulk.finishedAt === null ? null : new Date(bulk.finishedAt).toISOString(),
  }
}

/** Returns the number within an id; null when the id has none. */
export const bulkVerbNumber = (id: string): number | null => (/^v-\d{1,15}$/.test(id) ? Number(id.slice(2)) : null)
