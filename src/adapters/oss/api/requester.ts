import type { Failure } from '../../../core/failure.js'
import type { Clock } from '../../../ports/clock.js'
import type { CredentialSet, Credentials } from '../../../ports/credentials.js'
import type { Logger } from '../../../ports/logger.js'
import { type Answer, ExchangeError } from '../wire/exchange.js'
import { classifyAnswer, classifyBroken, type OssCall } from './classify.js'
import type { OssClient } from './client.js'
import { readError, requestIdOf, retryAfterMsOf } from './oss-answers.js'
import type { SigningClock } from './signing-clock.js'

/**
 * A requester runs one call. It turns what comes back into a good answer or a Failure, and repeats the call once for
 * new keys or a corrected clock.
 */
export interface Requester {
  /**
   * `send` signs and sends the request each time it is called. `perform` resolves with an answer of status 200 or 204.
   * It throws Failure, the signal's reason, or what the caller's own hooks threw.
   */
  perform<A extends Answer>(call: OssCall, signal: AbortSignal, send: () => Promise<A>): Promise<A>
}

export interface RequesterDeps {
  readonly client: OssClient
  readonly credentials: Credentials
  readonly signingClock: SigningClock
  readonly clock: Clock
  readonly logger: Logger
}

type Outcome<A extends Answer> =
  | { readonly good: true; readonly answer: A }
  | { readonly good: false; readonly answer: Answer }

/**
 * Returns what OSS said in a form that is fit for a message: one line, no secrets that OSS may have echoed, and no
 * queries of URLs.
 */
const sanitise = (text: string, keys: CredentialSet): string => {
  const hidden = [keys.accessKeySecret, keys.securityToken ?? ''].filter((secret) => secret !== '')
  const safe = hidden.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
  return safe
    .replace(/\?\S*=\S*/g, '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 300)
}

export const createRequester = (deps: RequesterDeps): Requester => {
  const { client, credentials, signingClock, clock, logger } = deps

  const attempt = async <A extends Answer>(call: OssCall, send: () => Promise<A>): Promise<Outcome<A>> => {
    try {
      const answer = await send()
      if (answer.status !== 200 && answer.status !== 204) return { good: false, answer }
      // A success for bytes that were never sent is an answer to something else.
      if (answer.early) throw new ExchangeError('EARLY_ANSWER', 'sending', null)
      return { good: true, answer }
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error
      // A refusal that broke off is still a refusal, because its status alone says enough.
      if (error.answer !== null && error.answer.status >= 300) return { good: false, answer: error.answer }
      throw classifyBroken({ call, errno: error.errno, phase: error.phase, proxy: error.proxy })
    }
  }

  const failureOf = async (call: OssCall, answer: Answer, keys: CredentialSet) => {
    const said = await readError(client, answer)
    const failure = classifyAnswer({
      call,
      status: answer.status,
      ossCode: said.code,
      ossMessage: said.message === null ? null : sanitise(said.message, keys),
      requestId: said.requestId,
      elsewhere: said.elsewhere,
      retryAfterMs: retryAfterMsOf(answer),
      whole: answer.whole,
      temporaryKeys: keys.temporary,
      forwarded: answer.forwarded,
    })
    return { failure, serverTime: said.serverTime }
  }

  return {
    async perform(call, signal, send) {
      const spent = new Set<Failure['kind']>()
      for (;;) {
        const keys = credentials.current()
        const startedAt = clock.monotonic()
        const { good, answer } = await attempt(call, send)
        const ms = Math.round(clock.monotonic() - startedAt)
        const requestId = requestIdOf(answer)
        const who = requestId === null ? 'Something' : 'OSS'
        logger.debug({ call, status: answer.status, requestId, ms }, `${who} answered.`)
        if (good) {
          credentials.accepted(keys)
          return answer
        }

        const { failure, serverTime } = await failureOf(call, answer, keys)
        if (spent.has(failure.kind)) throw failure
        spent.add(failure.kind)
        if (failure.kind === 'credentials') {
          logger.info({ call, ossCode: failure.ossCode, requestId: failure.requestId }, 'OSS refuses the credentials')
          if (await credentials.renew(keys, signal)) continue
        }
        if (failure.kind === 'clock' && signingClock.correct(serverTime)) {
          logger.warn(
            { call, requestId: failure.requestId },
            "OSS says that our clock is wrong; signing with OSS's time.",
          )
          continue
        }
        throw failure
      }
    },
  }
}
