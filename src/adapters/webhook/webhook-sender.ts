import { lookup } from 'node:dns/promises'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { createSecureContext, rootCertificates } from 'node:tls'
import { Webhook as Signer } from 'standardwebhooks'
import type { WebhookAnswer } from '../../core/webhook.js'
import type { WebhookSender } from '../../ports/webhooks.js'
import { type AllowedHost, isAllowed } from './allowed-hosts.js'
import { closedAddressCode, createLookups, type Resolve } from './lookups.js'
import { isPublicAddress } from './public-address.js'

export interface WebhookSenderDeps {
  /**
   * There is at least one secret. Each of them signs every message, so that receivers can change over while two are in
   * use.
   */
  readonly secrets: readonly string[]
  readonly allow: readonly AllowedHost[]
  /** These certificates in PEM are trusted beside the roots of Node.js. */
  readonly ca: string | null
  readonly userAgent: string
  /** Returns the wall clock in milliseconds. */
  now(): number
  readonly resolve?: Resolve
}

const namesAtOnce = 2
const socketsPerHost = 8
const idleSocketMs = 10_000
/** This much of an answer is read, so that its connection can be used again. The daemon looks at none of it. */
const answerLimitBytes = 64 * 1024

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

const retryAfterMsOf = ({ headers }: IncomingMessage): number | null => {
  const text = headers['retry-after'] ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) * 1000 : null
}

const reasonOf = (status: number): string | null => {
  if (status >= 200 && status < 300) return null
  return status >= 300 && status < 400 ? `answered ${status}: redirects are not followed` : `answered ${status}`
}

const failure = (reason: string): WebhookAnswer => ({ status: null, reason, retryAfterMs: null })

/** Returns what went wrong by its code, because the messages of sockets name addresses that the user must not learn. */
const failureOf = (error: NodeJS.ErrnoException): WebhookAnswer => {
  if (error.code === closedAddressCode) return failure('the name leads to an address that is not public')
  return failure(`no answer: ${error.code ?? 'the connection broke'}`)
}

/** Throws when the library does not accept a secret. */
export const createSigners = (secrets: readonly string[]): readonly Signer[] =>
  secrets.map((secret) => new Signer(secret))

/**
 * Sends signed messages over connections of its own. The connections are direct, because a proxy could not be told
 * which address was checked. It sends only by https and to public addresses, except to the hosts that are allowed. A
 * redirect is an answer like any other.
 */
export const createWebhookSender = (deps: WebhookSenderDeps): WebhookSender => {
  const { allow, ca, now } = deps
  const signers = createSigners(deps.secrets)
  const lookups = createLookups(deps.resolve ?? lookup, namesAtOnce)
  const pool = { keepAlive: true, maxSockets: socketsPerHost, timeout: idleSocketMs }
  const agents = {
    http: new HttpAgent(pool),
    https: new HttpsAgent({
      ...pool,
      rejectUnauthorized: true,
      ...(ca === null ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) }),
    }),
  }

  const refusal = (text: string): string | null => {
    const url = new URL(text)
    if (url.username !== '' || url.password !== '') return 'must not hold a user name or password'
    if (isAllowed(allow, url)) return null
    if (url.protocol !== 'https:') return 'must begin with https:// (or LONGSHORE_WEBHOOK_ALLOW must name its host)'
    const host = bare(url.hostname)
    const isClosed = isIP(host) === 0 ? /(^|\.)localhost\.?$/.test(host) : !isPublicAddress(host)
    return isClosed ? 'must lead to a public address (or LONGSHORE_WEBHOOK_ALLOW must name its host)' : null
  }

  const headersOf = (id: string, body: string): Record<string, string> => {
    const at = new Date(now())
    return {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'user-agent': deps.userAgent,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signers.map((signer) => signer.sign(id, at, body)).join(' '),
    }
  }

  const post = (url: URL, options: RequestOptions, body: string): Promise<WebhookAnswer> =>
    new Promise((resolve) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(url, options, (response) => {
        const status = response.statusCode ?? 0
        let read = 0
        response.on('data', (chunk: Buffer) => {
          read += chunk.length
          if (read > answerLimitBytes) response.destroy()
        })
        response.on('error', () => {})
        response.on('close', () =>
          resolve({ status, reason: reasonOf(status), retryAfterMs: retryAfterMsOf(response) }),
        )
      })
      request.on('error', (error: NodeJS.ErrnoException) => resolve(failureOf(error)))
      request.end(body)
    })

  return {
    refusal,
    async send({ id, url: text, body }, signal) {
      signal.throwIfAborted()
      // We check again, because what is allowed may have changed since the job was submitted.
      const refused = refusal(text)
      if (refused !== null) return failure(`the URL ${refused}`)
      const url = new URL(text)
      // Connections are kept by host and port, and an allowance goes by host and port too, so no connection is used
      // past its check.
      const check = isAllowed(allow, url) ? lookups.open : lookups.guarded
      const agent = url.protocol === 'https:' ? agents.https : agents.http
      const answer = await post(
        url,
        { method: 'POST', headers: headersOf(id, body), lookup: check, agent, signal },
        body,
      )
      // An answer that came is an answer, whatever became of its last bytes.
      if (answer.status === null) signal.throwIfAborted()
      return answer
    },
    close() {
      agents.http.destroy()
      agents.https.destroy()
    },
  }
}
