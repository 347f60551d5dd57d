import type { FailureKind, JobErrorCode } from '../../src/core/failure.js'
import type { mistreatments } from './in-process/mistreatments.js'

/** Jobs make these requests of the target port. */
export const steps = ['initiate', 'uploadPart', 'listParts', 'complete', 'head', 'abort', 'putObject'] as const
export type Step = (typeof steps)[number]

/** This is what the target made of the mistreated call: the kind of its Failure, or success. */
export type Outcome = FailureKind | 'success'

export type Fault =
  /** The man in the middle mistreats the call. */
  | { readonly by: 'proxy'; readonly how: keyof typeof mistreatments; readonly keys?: 'replaced' }
  /** The call goes to a port where no program listens, or to one where no program shakes hands. */
  | { readonly by: 'detour'; readonly to: 'closed' | 'mute TLS' }
  /** Our wall clock is an hour slow from this call on. */
  | { readonly by: 'clock' }
  /** OSS forgets the upload just before the call. */
  | { readonly by: 'forgetting' }

export interface Row {
  readonly name: string
  readonly fault: Fault
  /** These are the outcomes by step. */
  readonly outcomes: Readonly<Record<Step, Outcome>>
  /**
   * Where the job does not simply complete (or, after a cancel, is not simply cancelled), this is the error it fails
   * with.
   */
  readonly fails?: Readonly<Partial<Record<Step, JobErrorCode>>>
}

const everywhere = (outcome: Outcome, except: Partial<Record<Step, Outcome>> = {}): Row['outcomes'] => ({
  initiate: outcome,
  uploadPart: outcome,
  listParts: outcome,
  complete: outcome,
  head: outcome,
  abort: outcome,
  putObject: outcome,
  ...except,
})

/** Something of the call may have got through. It is harmless to repeat it, except for Complete. */
const unknown = everywhere('transient', { complete: 'ambiguous' })
const proxy = (how: keyof typeof mistreatments): Fault => ({ by: 'proxy', how })

/** These answers only matter where a body is read. */
const unreadable = everywhere('success', { initiate: 'transient', listParts: 'transient', complete: 'ambiguous' })

export const rows: readonly Row[] = [
  { name: 'a refused connection', fault: { by: 'detour', to: 'closed' }, outcomes: everywhere('transient') },
  { name: 'a TLS handshake that stalls', fault: { by: 'detour', to: 'mute TLS' }, outcomes: everywhere('transient') },
  { name: 'a reset before the body', fault: proxy('resetBeforeBody'), outcomes: unknown },
  { name: 'a reset in the body', fault: proxy('resetMidBody'), outcomes: unknown },
  { name: 'a reset after the body', fault: proxy('resetAfterBody'), outcomes: unknown },
  { name: 'a black hole', fault: proxy('blackHole'), outcomes: unknown },
  { name: 'a slow drip', fault: proxy('slowDrip'), outcomes: unknown },
  { name: 'an answer that never comes', fault: proxy('silence'), outcomes: unknown },
  { name: 'an answer that stops half-way', fault: proxy('halfAnAnswer'), outcomes: unknown },
  { name: '100 Continue, then silence', fault: proxy('continueThenSilence'), outcomes: unknown },
  {
    name: 'an early 403',
    fault: proxy('early403'),
    outcomes: everywhere('permanent'),
    fails: {
      initiate: 'access_denied',
      uploadPart: 'access_denied',
      // listParts is missing here, because without the right to list the upload goes on from the daemon's own record.
      complete: 'access_denied',
      head: 'access_denied',
      putObject: 'access_denied',
    },
  },
  { name: 'a 500 with XML', fault: proxy('xml500'), outcomes: unknown },
  { name: 'a 502 with HTML', fault: proxy('html502'), outcomes: unknown },
  { name: 'a 500 without a body', fault: proxy('empty500'), outcomes: unknown },
  {
    name: 'a 503 with Retry-After',
    fault: proxy('retryAfter503'),
    outcomes: everywhere('throttled', { complete: 'ambiguous' }),
  },
  { name: 'truncated XML', fault: proxy('truncatedXml'), outcomes: unreadable },
  { name: 'malformed XML', fault: proxy('malformedXml'), outcomes: unreadable },
  {
    name: 'a 200 with an error body',
    fault: proxy('error200'),
    // The target does not believe that an upload is gone, but looks.
    outcomes: everywhere('transient', { complete: 'ambiguous', abort: 'success' }),
  },
  {
    name: 'a wrong CRC-64',
    fault: proxy('wrongCrc'),
    // The target cannot know better of Complete and HEAD, so the engine compares.
    outcomes: everywhere('success', { uploadPart: 'integrity', putObject: 'integrity' }),
    fails: { complete: 'integrity' },
  },
  { name: 'a wrong ETag', fault: proxy('wrongEtag'), outcomes: everywhere('success') },
  { name: 'a lost answer', fault: proxy('lostAnswer'), outcomes: unknown },
  {
    name: 'an expired token that can be replaced',
    fault: { by: 'proxy', how: 'expiredToken', keys: 'replaced' },
    outcomes: everywhere('success'),
  },
  { name: 'an expired token that nothing replaces', fault: proxy('expiredToken'), outcomes: everywhere('credentials') },
  { name: 'a skewed clock', fault: { by: 'clock' }, outcomes: everywhere('success') },
  {
    name: 'a forgotten upload',
    fault: { by: 'forgetting' },
    outcomes: everywhere('success', { uploadPart: 'lost', listParts: 'lost', complete: 'lost' }),
  },
]
