import type { JobState } from '../../../core/job.js'
import type { PairQuota } from '../../../ports/queue-store.js'
import type { Statements } from '../sql/statements.js'

interface Shares {
  readonly pairLimit?: number
  readonly quotas?: readonly PairQuota[]
}

interface ReadyJob {
  readonly seq: number
  readonly id: string
  readonly state: JobState
  readonly priority: number
}

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
  const firstOfPair = (pair: Pair, limit: number, quota: PairQuota | undefined): readonly ReadyJob[] => {
    const last = quota?.last ?? []
    const query = quota?.reversed ? statements.readyJobsOfPairReversed : statements.readyJobsOfPair
    const ready = query.all({ ...pair, limit: limit + last.length }) as ReadyJob[]
    const turn = (job: ReadyJob): number => last.indexOf(job.id)
    // Sorting is stable, so the jobs that are not to come last keep their order.
    return ready.sort((a, b) => turn(a) - turn(b)).slice(0, limit)
  }

  const ofPairs = (limit: number, { pairLimit = limit, quotas = [] }: Shares): readonly ReadyJob[] => {
    const found: ReadyJob[] = []
    for (const pair of pairsWithReadyJobs(statements)) {
      const { endpoint, bucket } = pair
      const quota = quotas.find((one) => one.endpoint === endpoint && one.bucket === bucket)
      const share = Math.min(limit, quota?.limit ?? pairLimit)
      if (share > 0) found.push(...firstOfPair(pair, share, quota))
    }
    return found.sort(byTurn)
  }

  return (at: number, limit: number, shares: Shares): readonly number[] => {
    const free = [
      ...(statements.cancelsWithoutUpload.all(limit) as ReadyJob[]),
      ...(statements.overdueJobs.all({ now: at, limit }) as ReadyJob[]),
    ]
    const chosen = new Set([...free, ...ofPairs(limit, shares)].map(({ seq }) => seq))
    return [...chosen].slice(0, limit)
  }
}
