import { type ClaimLimits, sharesOf, takeShares } from '../../src/core/claim-shares.js'
import type { Job } from '../../src/core/job.js'
import { isSeenFrom } from '../../src/core/node.js'
import { isPlain } from '../../src/core/plain-put.js'
import type { PairQuota } from '../../src/ports/queue-store.js'

interface Row {
  readonly job: Job
  readonly leaseUntil: number | null
}

interface ClaimRequest extends ClaimLimits {
  readonly now: number
  readonly node: string
  readonly ownOnly?: boolean
  readonly quotas?: readonly PairQuota[]
}

const pairOf = ({ endpoint, bucket }: { endpoint: string; bucket: string }): string => `${endpoint} ${bucket}`

const isFreshPut = (job: Job): boolean => job.state === 'queued' && job.runs === 0 && isPlain(job)

const isReady = ({ state }: Job): boolean => state === 'cancelling' || state === 'queued'

/** No object may have been made unseen, and no source is being removed. */
const needsNoSource = ({ upload, intent, removal }: Job): boolean =>
  upload?.mode !== 'put' && intent !== 'complete' && removal === null

/** Returns what a claim takes, in its order. `rows` are given by age. */
export const claimOrder = <R extends Row>(rows: readonly R[], request: ClaimRequest): readonly R[] => {
  const { now, node, ownOnly = false, limit, quotas = [] } = request
  const free = rows.filter((row) => row.leaseUntil === null)
  const isOurs = (job: Job): boolean => (ownOnly ? job.place === node : isSeenFrom(node, job.place))
  const maySettle = (job: Job): boolean => job.runs === 0 || isSeenFrom(node, job.place)
  const due = free
    .filter(({ job }) => (job.dueAt ?? now) <= now)
    .filter(({ job }) => (job.state === 'cancelling' && needsNoSource(job)) || (isOurs(job) && isReady(job)))
    .sort((a, b) => a.job.state.localeCompare(b.job.state) || b.job.priority - a.job.priority)
  const shared = [...new Map(due.map(({ job }) => [pairOf(job.target), job.target]))].flatMap(([pair, target]) => {
    const quota = quotas.find((one) => pairOf(one) === pair)
    const turn = ({ job }: R): number => quota?.last?.indexOf(job.id) ?? -1
    const ofPair = due.filter(({ job }) => pairOf(job.target) === pair)
    const shares = sharesOf(target, request)
    const jobs = (quota?.reversed ? ofPair.reverse() : ofPair)
      .sort((a, b) => turn(a) - turn(b))
      .map((row) => ({ row, isPut: shares.puts !== null && isFreshPut(row.job) }))
    return takeShares(jobs, shares.runs, shares.puts ?? 0)
  })
  const first = [
    ...due.filter(
      ({ job }) => job.state === 'cancelling' && job.upload?.mode !== 'put' && job.upload?.uploadId == null,
    ),
    ...free.filter(({ job }) => job.state === 'queued' && (job.options.notAfter ?? now + 1) <= now && maySettle(job)),
  ]
  const puts = new Set(shared.filter(({ isPut }) => isPut).map(({ row }) => row))
  const taken = new Set(shared.map(({ row }) => row))
  const all = [...new Set([...first, ...due.filter((row) => taken.has(row))])]
  const inOrder = all.map((row) => ({ row, isPut: puts.has(row) }))
  return takeShares(inOrder, limit, request.puts?.limit ?? 0).map(({ row }) => row)
}
