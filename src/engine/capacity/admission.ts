import type { AppError } from '../../core/app-error.js'
import type { Job } from '../../core/job.js'
import type { Obstacle } from '../../core/obstacle.js'
import type { Clock } from '../../ports/clock.js'
import type { Credentials } from '../../ports/credentials.js'
import type { NodeBoard } from '../nodes/node-board.js'
import { createClaimQuotas, type QuotasOfClaim } from './claim-quotas.js'
import type { EndpointHealth, Pair, PairHealth } from './endpoint-health.js'
import { createIntake, type Intake } from './intake.js'

/** What the next claim may take. */
export interface ClaimRoom extends Partial<QuotasOfClaim> {
  /** Jobs at the most. */
  readonly limit: number
  /** Jobs of one endpoint and bucket at the most; 0: only those that settle without a request. */
  readonly pairLimit: number
  /** The jobs that every node sees are left to the others. */
  readonly ownOnly?: true
}

/** How this daemon stands, for those who watch. */
export interface Standing {
  readonly takesWork: boolean
  readonly hasKeys: boolean
  readonly endpoints: readonly PairHealth[]
}

/**
 * The one answer to "may this job move, and if not, why". The dispatcher asks it what to claim, the API asks it what to
 * show, so the two cannot disagree. What is stored with a job (its state, when it is due, why it waits) is judged by the
 * store's claim; everything that only this process knows is judged here.
 */
export interface Admission {
  /** Whether new work is taken at all. */
  readonly intake: Intake
  /** Returns what keeps jobs of this endpoint and bucket from moving although it is their turn; null: nothing does. */
  obstacleTo(pair: Pair): Obstacle | null
  /** Returns what keeps this job from moving although it is its turn, on whatever node; null: nothing does. */
  obstacleToJob(job: Pick<Job, 'target' | 'place'>): Obstacle | null
  /** Returns how many runs may begin while `runs` are under way; at most one claim's worth. */
  freeRuns(runs: number): number
  /** Whether one more run towards this endpoint and bucket may begin while `runs` are under way. */
  hasRoom(pair: Pair, runs: number): boolean
  /** Returns what a claim may take now, while `runs` are under way. */
  nextClaim(runs: number): ClaimRoom
  /** Returns in how many milliseconds a claim may take more than now, by itself; null: not by the passing of time. */
  opensInMs(): number | null
  /** A run of the job begins. Returns the function that ends it. */
  begin(job: Pick<Job, 'id' | 'target'>): () => void
  standing(): Standing
}

export interface AdmissionDeps {
  readonly storage: { failure(): AppError | null }
  readonly keys: Pick<Credentials, 'areAtHand'>
  readonly health: Pick<EndpointHealth, 'isResting' | 'resting' | 'snapshot'>
  readonly board: Pick<NodeBoard, 'sees' | 'isAway' | 'isAlone'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Everything is being paused: what is claimed now would be paused at once. */
  isPausingAll(): boolean
  /** Runs at the same time. More than slots, so that a freed slot never waits for a claim. */
  maxRuns(): number
}

/** A claim is one transaction: larger ones would hold up other writes. */
const mostOfClaim = 64

export const createAdmission = (deps: AdmissionDeps): Admission => {
  const { storage, keys, health, board } = deps
  const quotas = createClaimQuotas(deps)
  const intake = createIntake()
  const freeRuns = (runs: number): number => Math.max(0, Math.min(deps.maxRuns() - runs, mostOfClaim))

  /** What holds up the jobs of every endpoint. */
  const obstacleToAll = (): Exclude<Obstacle, 'endpoint'> | null => {
    if (storage.failure() !== null) return 'storage'
    if (!keys.areAtHand()) return 'credentials'
    return deps.isPausingAll() ? 'pausing' : null
  }

  const obstacleTo: Admission['obstacleTo'] = (pair) => {
    const common = obstacleToAll()
    if (common !== null && common !== 'pausing') return common
    return health.isResting(pair) ? 'endpoint' : common
  }

  return {
    intake,
    obstacleTo,
    obstacleToJob({ target, place }) {
      // The keys and connections of this node say nothing about a job that another node has to move.
      if (board.sees(place) || storage.failure() !== null) return obstacleTo(target)
      return board.isAway(place) ? 'node' : null
    },
    freeRuns,
    hasRoom: (pair, runs) => freeRuns(runs) > 0 && quotas.hasRoom(pair),
    nextClaim: (runs) => ({
      limit: freeRuns(runs),
      // A node that is drained finishes what nobody else can.
      ...(intake.refusal() !== null && !board.isAlone() ? { ownOnly: true as const } : {}),
      ...(obstacleToAll() === null ? quotas.next() : { pairLimit: 0 }),
    }),
    opensInMs: quotas.probeInMs,
    begin: quotas.begin,
    standing: () => ({
      takesWork: intake.refusal() === null,
      hasKeys: keys.areAtHand(),
      endpoints: health.snapshot(),
    }),
  }
}
