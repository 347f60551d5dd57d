import { Failure } from '../core/failure.js'
import type { JobTarget, Waiting } from '../core/job.js'
import { decideRetry, freshTally, type RetryLimits } from '../core/retry.js'
import type { Clock, Random } from '../ports/clock.js'
import type { Logger } from '../ports/logger.js'
import { type EndpointHealth, endpointPair } from './endpoint-health.js'
import { checkGoing, type RunControl } from './run-control.js'

/** The run gives way: the job goes back to the queue, waits there for `delayMs` and loses no attempts. */
export class RunYields extends Error {
  override readonly name = 'RunYields'
  readonly waiting: Waiting | null
  readonly delayMs: number
  constructor(waiting: Waiting | null, delayMs: number, message: string) {
    super(message)
    this.waiting = waiting
    this.delayMs = delayMs
  }
}

export interface RetriedRequest<T> {
  /** Names the request within its job: its tries are counted under this name. */
  readonly name: string
  /** One try. */
  attempt(tries: number): Promise<T>
}

export interface Retrier {
  /** Makes the request until it succeeds. Throws the Failure that ends or redirects the job, RunYields, or RunStopped. */
  request<T>(request: RetriedRequest<T>): Promise<T>
}

export interface RetrierDeps {
  readonly clock: Clock
  readonly random: Random
  readonly health: EndpointHealth
  readonly limits: RetryLimits
}

interface RunFacts {
  readonly jobId: string
  readonly target: JobTarget
  readonly control: RunControl
  readonly logger: Logger
  /** Charged tries by request name; outlives the run, so that giving way does not start the count again. */
  readonly charged: Map<string, number>
  /** Makes charged tries durable. */
  charge(count: number): Promise<void>
}

const credentialsDelayMs = 15_000

/** Retries of one run's requests. */
export const createRetrier = (deps: RetrierDeps, run: RunFacts): Retrier => {
  const { clock, random, health, limits } = deps
  const pair = endpointPair(run.target)
  const healthyAtStart = health.healthyAnswers(pair)

  return {
    async request({ name, attempt }) {
      let tally = freshTally(run.charged.get(name))
      let healthySeen = healthyAtStart
      for (;;) {
        run.control.hard.throwIfAborted()
        try {
          const answer = await attempt(tally.failures + 1)
          health.sawHealthy(pair)
          run.charged.delete(name)
          return answer
        } catch (error) {
          run.control.hard.throwIfAborted()
          if (!(error instanceof Failure)) throw error
          const healthyNow = health.healthyAnswers(pair)
          const met = { kind: error.kind, retryAfterMs: error.retryAfterMs, healthySince: healthyNow > healthySeen }
          healthySeen = healthyNow
          const before = tally.charged
          const judged = decideRetry(tally, met, limits, random())
          tally = judged.tally
          if (tally.charged > before) {
            run.charged.set(name, tally.charged)
            await run.charge(tally.charged - before)
          }
          const fields = {
            request: name,
            attempt: tally.failures,
            kind: error.kind,
            ossCode: error.ossCode,
            requestId: error.requestId,
            reason: error.message,
          }
          const { decision } = judged
          if (decision.act === 'hand_back') throw error
          if (decision.act === 'fail') {
            throw new Failure('permanent', `${error.message} (${tally.failures} tries of ${name})`, {
              code: decision.code,
              ossCode: error.ossCode,
              requestId: error.requestId,
              status: error.status,
              cause: error,
            })
          }
          if (decision.act === 'yield') {
            const delayMs = decision.waiting === 'endpoint' ? health.outageDelayMs(pair) : credentialsDelayMs
            throw new RunYields(decision.waiting, delayMs, error.message)
          }
          run.logger.warn({ ...fields, delayMs: decision.delayMs }, 'A request failed and is tried again')
          checkGoing(run.control)
          await clock.sleep(decision.delayMs, run.control.soft)
        }
      }
    },
  }
}
