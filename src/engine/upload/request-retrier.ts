import { Failure } from '../../core/failure.js'
import type { Job } from '../../core/job.js'
import {
  decideRetry,
  freshRetryCount,
  type RetryCount,
  type RetryDecision,
  type RetryLimits,
} from '../../core/retry.js'
import type { Clock, Random } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { EndpointHealth } from '../capacity/endpoint-health.js'
import type { Slots } from '../capacity/slots.js'
import { checkGoing, type RunControl, RunReleases } from './run-control.js'

export interface RetriedRequest<T> {
  /** Names the request within its job: the tries are counted under this name. */
  readonly name: string
  /** True when it sends a part or a put, so that every try takes a slot first. */
  readonly carriesBytes?: boolean
  /**
   * Makes one try. Calls `moved` whenever its bytes move, and `answered` when OSS answered a question that the try asks
   * before it does its work: what fails after that is the request's own failure, and is charged.
   */
  attempt(tries: number, moved: () => void, answered: () => void): Promise<T>
}

export interface Retrier {
  /**
   * Makes the request until it succeeds. Throws the Failure that ends or redirects the job, RunReleases, or RunStopped.
   */
  request<T>(request: RetriedRequest<T>): Promise<T>
}

export interface RetrierDeps {
  readonly clock: Clock
  readonly random: Random
  readonly health: EndpointHealth
  readonly slots: Slots
  readonly limits: RetryLimits
}

/** What is remembered of a request's tries after its run. */
export interface PastTries {
  readonly charged: number
  /** How many healthy answers of its pair had been seen when it failed last. */
  readonly healthySeen: number
}

interface RunFacts {
  readonly job: Pick<Job, 'id' | 'target'>
  readonly control: RunControl
  readonly logger: Logger
  /** By the name of the request. It outlives the run, so that a release does not start the count again. */
  readonly tries: Map<string, PastTries>
  /** Makes charged tries durable. */
  charge(count: number): Promise<void>
}

/** How a try ended. */
type Tried<T> =
  | { readonly answer: T }
  | { readonly failure: Failure; readonly retryCount: RetryCount; readonly decision: RetryDecision }

/**
 * This wait has to last only until the run is over: after that no job is claimed whose pair or keys are out of order.
 */
const shortWaitMs = 500

/** A job that does nothing but wait for longer than this is released, so that others can run. */
const longWaitMs = 2_000

const endpointFails = (reason: string): RunReleases => new RunReleases('endpoint', shortWaitMs, reason)

const spent = (failure: Failure, name: string, { failures }: RetryCount, code: Failure['code']): Failure =>
  new Failure('permanent', `${failure.message} (${failures} tries of ${name})`, {
    ...(code === null ? {} : { code }),
    ossCode: failure.ossCode,
    requestId: failure.requestId,
    status: failure.status,
    cause: failure,
  })

/** Makes the requests of one run, and tries them again. */
export const createRetrier = (deps: RetrierDeps, run: RunFacts): Retrier => {
  const { clock, random, health, slots, limits } = deps
  const { id: jobId, target: pair } = run.job
  const priority = (): number => run.control.tuning.priority
  const healthyAtStart = health.healthyAnswers(pair)
  /** Requests of this run that are not waiting for their next try. */
  let busy = 0
  /** Aborts when no wait makes sense any more, because the run stops or releases its job. */
  const awake = new AbortController()
  const onStop = (): void => awake.abort(run.control.soft.reason)
  run.control.soft.addEventListener('abort', onStop, { once: true })
  if (run.control.soft.aborted) onStop()

  const releasing = (why: RunReleases): RunReleases => {
    awake.abort(why)
    return why
  }

  /** Makes one try, if the pair may be sent to. The pair's health learns the outcome before the slot is free again. */
  const tryOnce = async <T>(
    request: RetriedRequest<T>,
    retryCount: RetryCount,
    healthySeen: number,
  ): Promise<Tried<T>> => {
    const bytes = request.carriesBytes === true
    const release = bytes ? await slots.acquire({ jobId, priority, pair }, awake.signal) : null
    const admission = health.enter(pair)
    try {
      if (admission === null) throw releasing(endpointFails('The endpoint is out of order'))
      const answer = await request.attempt(retryCount.failures + 1, admission.moved, admission.succeeded)
      admission.succeeded()
      return { answer }
    } catch (error) {
      run.control.hard.throwIfAborted()
      if (!(error instanceof Failure)) throw error
      const healthySince = health.healthyAnswers(pair) > healthySeen
      const met = { kind: error.kind, retryAfterMs: error.retryAfterMs, healthySince }
      const judged = decideRetry(retryCount, met, limits, random())
      admission?.failed(error, judged.retryCount.silent, judged.retryCount.charged > 0)
      return { failure: error, ...judged }
    } finally {
      admission?.leave()
      release?.()
    }
  }

  const waitFor = async (delayMs: number, reason: string): Promise<void> => {
    checkGoing(run.control)
    if (busy === 1 && delayMs > longWaitMs) throw releasing(new RunReleases('backoff', delayMs, reason))
    busy--
    try {
      await clock.sleep(delayMs, awake.signal)
    } finally {
      busy++
    }
  }

  const untilDone = async <T>(request: RetriedRequest<T>): Promise<T> => {
    const { name } = request
    const past = run.tries.get(name) ?? { charged: 0, healthySeen: healthyAtStart }
    let retryCount = freshRetryCount(past.charged)
    let { healthySeen } = past
    for (;;) {
      run.control.hard.throwIfAborted()
      const tried = await tryOnce(request, retryCount, healthySeen)
      if ('answer' in tried) {
        run.tries.delete(name)
        return tried.answer
      }
      const { failure, decision } = tried
      const newlyCharged = tried.retryCount.charged - retryCount.charged
      retryCount = tried.retryCount
      healthySeen = health.healthyAnswers(pair)
      run.tries.set(name, { charged: retryCount.charged, healthySeen })
      if (newlyCharged > 0) await run.charge(newlyCharged)
      if (decision.act === 'hand_back') throw failure
      if (decision.act === 'fail') throw spent(failure, name, retryCount, decision.code)
      if (decision.act === 'yield') {
        const delayMs = decision.waiting === 'credentials' ? shortWaitMs : decision.delayMs
        throw releasing(new RunReleases(decision.waiting, delayMs, failure.message))
      }
      if (health.isResting(pair)) throw releasing(endpointFails(failure.message))
      run.logger.warn(
        {
          request: name,
          attempt: retryCount.failures,
          kind: failure.kind,
          ossCode: failure.ossCode,
          requestId: failure.requestId,
          reason: failure.message,
          delayMs: decision.delayMs,
        },
        'A request failed and is tried again',
      )
      await waitFor(decision.delayMs, failure.message)
    }
  }

  return {
    async request(request) {
      busy++
      try {
        return await untilDone(request)
      } finally {
        busy--
      }
    },
  }
}
