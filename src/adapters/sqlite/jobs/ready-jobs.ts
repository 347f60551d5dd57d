import { type ClaimLimits, sharesOf, takeShares } from '../../../core/claim-shares.js'
import type { JobState } from '../../../core/job.js'
import type { PairQuota, PutQuota } from '../../../ports/queue-store.js'
import type { Statements } from '../sql/statements.js'

interface Limits extends ClaimLimits {
  /** This is the number of the node that claims, as a place. */
  readonly place: number
  readonly ownOnly?: boolean
  readonly quotas?: readonly PairQuota[]
  readonly puts?: PutQuota
}

interface ReadyRow {
  readonly seq: number
  readonly id: string
  readonly state: JobState
  readonly priority: number
  readonly plain: 0 | 1
}

interface ReadyJob extends ReadyRow {
  /** It is claimed apart from other jobs. */
  readonly isPut: boolean
}

/** No node has this number. */
const noPlace = 0

interface Pair {
  readonly endpoint: string
  readonly bucket: string
}

/** Yields the endpoints and buckets with jobs that could be claimed, each by a seek or two. */
export function* pairsWithReadyJobs(statements: Statements): Generator<Pair> {
  let pair: Pair | undefined = { endpoint: '', bucket: '' }
  for (;;) {
    pair = (statements.nextReadyBucket.get(pair) ?? statements.nextReadyEndpoint.get(pair)) as Pair | undefined
    if (pair === undefined) return
    yield pair
  }
}

/** Sorts cancels first, then by priority, then by age. */
const byTurn = (a: ReadyJob, b: ReadyJob): number =>
  a.state === b.state ? b.priority - a.priority || a.seq - b.seq : a.state === 'cancelling' ? -1 : 1

/**
 * Chooses the jobs that a claim takes, by sequence number. It costs a few seeks for each pair that has ready jobs,
 * however many jobs these are.
 */
export const createReadyJobs = (statements: Statements) => {
  const firstOfPair = (pair: Pair, limits: Limits): readonly ReadyJob[] => {
    const { runs, puts } = sharesOf(pair, limits)
    if (runs + (puts ?? 0) === 0) return []
    const quota = limits.quotas?.find(({ endpoint, bucket }) => endpoint === pair.endpoint && bucket === pair.bucket)
    const last = quota?.last ?? []
    const query = quota?.reversed ? statements.readyJobsOfPairReversed : statements.readyJobsOfPair
    const rows = query.all({
      ...pair,
      place: limits.place,
      any: limits.ownOnly ? noPlace : null,
      limit: runs + (puts ?? 0) + last.length,
    }) as ReadyRow[]
    const turn = (job: ReadyRow): number => last.indexOf(job.id)
    // Sorting is stable, so the jobs that are not to come last keep their order.
    const inTurn = last.length === 0 ? rows : rows.sort((a, b) => turn(a) - turn(b))
    const jobs = inTurn.map((row) => ({ ...row, isPut: puts !== null && row.plain === 1 && row.state === 'queued' }))
    return takeShares(jobs, runs, puts ?? 0)
  }

  return (at: number, limits: Limits): readonly number[] => {
    const { limit, place, puts } = limits
    const settling = [
      ...(statements.cancelsWithoutUpload.all(limit) as ReadyRow[]),
      ...(statements.overdueJobs.all({ now: at, place, limit }) as ReadyRow[]),
    ]
    const ready: ReadyJob[] = []
    for (const pair of pairsWithReadyJobs(statements)) ready.push(...firstOfPair(pair, limits))
    const all = [...settling.map((row) => ({ ...row, isPut: false })), ...ready.sort(byTurn)]
    const first = new Map(all.map((job) => [job.seq, job])).values()
    return takeShares([...first], limit, puts?.limit ?? 0).map(({ seq }) => seq)
  }
}
