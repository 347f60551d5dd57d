import type { Job } from '../../src/core/job.js'
import type { PairQuota } from '../../src/ports/queue-store.js'

interface Row {
  readonly job: Job
  readonly leaseUntil: number | null
}

interface ClaimRequest {
  readonly now: number
  readonly limit: number
  readonly pairLimit: number
  readonly quotas: readonly PairQuota[]
}

const pairOf = ({ endpoint, bucket }: { endpoint: string; bucket: string }): string => `${endpoint} ${bucket}`

/** Returns what a claim takes, in its order. `rows` are given by age. */
export const claimOrder = <R extends Row>(rows: readonly R[], request: ClaimRequest): readonly R[] => {
  const { now, limit, pairLimit, quotas } = request
  const free = rows.filter((row) => row.leaseUntil === null)
  const due = free
    .filter(({ job }) => (job.dueAt ?? now) <= now && (job.state === 'cancelling' || job.state === 'queued'))
    .sort((a, b) => a.job.state.localeCompare(b.job.state) || b.job.priority - a.job.priority)
  const shared = [...new Set(due.map(({ job }) => pairOf(job.target)))].flatMap((pair) => {
    const quota = quotas.find((one) => pairOf(one) === pair)
    const turn = ({ job }: R): number => quota?.last?.indexOf(job.id) ?? -1
    const ofPair = due.filter(({ job }) => pairOf(job.target) === pair)
    return (quota?.reversed ? ofPair.reverse() : ofPair)
      .sort((a, b) => turn(a) - turn(b))
      .slice(0, quota?.limit ?? pairLimit)
  })
  const first = [
    ...due.filter(
      ({ job }) => job.state === 'cancelling' && job.upload?.mode !== 'put' && job.upload?.uploadId == null,
    ),
    ...free.filter(({ job }) => job.state === 'queued' && (job.options.notAfter ?? now + 1) <= now),
  ]
  return [...new Set([...first, ...due.filter((row) => shared.includes(row))])].slice(0, limit)
}
