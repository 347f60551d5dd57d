import { Failure } from '../../core/failure.js'
import { type Fingerprint, type Receipt, sizeOf } from '../../core/job.js'
import type { OpenSource } from '../../ports/source.js'
import type { StoredObject } from '../../ports/target.js'
import {
  CallbackFailed,
  isCallbackFailure,
  isOurs,
  mayBeOurs,
  objectExists,
  proveObject,
  type SentObject,
} from './prove.js'
import { objectOf, objectOptionsOf, type Run } from './run.js'
import { assertNotReplaced, assertSameFile, onlyCtimeMoved } from './source-guard.js'

/** A put shows its progress as that of one part. */
const onlyPart = 1

const asSent = (run: Run, crc64: string): SentObject => ({
  size: sizeOf(run.job),
  crc64,
  partsProven: false,
  marker: run.job.marker,
})

/**
 * Returns the receipt of an object that OSS shows when a put of ours made it, else null. Reads the source only when the
 * rest fits.
 */
const receiptOfPut = async (run: Run, source: OpenSource, found: StoredObject | null): Promise<Receipt | null> => {
  const size = sizeOf(run.job)
  if (found === null || found.serverCrc64 === null) return null
  if (!mayBeOurs(found, { size, marker: run.job.marker })) return null
  const sent = asSent(run, await source.crc64(0, size, run.control.hard))
  return isOurs(found, sent) ? proveObject(found, sent, run.clock.now()) : null
}

/** Returns the receipt of the object that an earlier put of ours made; null when OSS holds none. */
const earlierPut = async (run: Run, source: OpenSource): Promise<Receipt | null> => {
  const found = await run.retrier.request({
    name: 'head',
    attempt: () => run.target.head(objectOf(run.job), run.control.hard),
  })
  return receiptOfPut(run, source, found)
}

/**
 * Asks what became of a put that got no answer, before its bytes are sent again. Returns null when OSS holds no object
 * of ours, or does not let these keys look: a repeat overwrites, so it is never wrong. `answered` is called when OSS
 * answers.
 */
const unansweredPut = async (run: Run, source: OpenSource, answered: () => void): Promise<Receipt | null> => {
  let found: StoredObject | null
  try {
    found = await run.target.head(objectOf(run.job), run.control.hard)
  } catch (error) {
    if (!(error instanceof Failure) || error.kind !== 'permanent') throw error
    run.logger.info({ reason: error.message }, 'It cannot be told whether the put without an answer made its object')
    return null
  }
  answered()
  const receipt = await receiptOfPut(run, source, found)
  if (receipt !== null) run.logger.info({ requestId: receipt.requestId }, 'The put without an answer made its object')
  return receipt
}

/** Whether OSS may have stored the object although this error ended a put whose last bytes were let go. */
const mayHaveStored = (error: unknown): boolean =>
  error instanceof Failure && error.kind === 'transient' && !error.unsent

/**
 * Looks whether the object that stands in the way is ours: with forbid-overwrite a repeat meets our own object when the
 * first answer was lost. Keys that may not look are told what OSS said, with the right that would have let us tell.
 */
export const ourEarlierObject = async (run: Run, source: OpenSource, failure: Failure): Promise<Receipt> => {
  let message = 'An object of this name exists and is not ours'
  try {
    const receipt = await earlierPut(run, source)
    if (receipt !== null) return receipt
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'access_denied') throw error
    message = 'An object of this name exists; to see whether it is ours needs oss:GetObject'
  }
  throw objectExists(message, failure)
}

/**
 * Returns the error of a put whose object OSS says is there although the callback failed. It has no receipt when the
 * keys may not look.
 */
const callbackFailed = async (run: Run, source: OpenSource, failure: Failure): Promise<CallbackFailed> => {
  const receipt = await earlierPut(run, source).catch((error: unknown) => {
    if (error instanceof Failure && error.code === 'access_denied') return null
    throw error
  })
  return new CallbackFailed(failure, receipt)
}

/**
 * Compares the source before the first byte. Returns the look before the last one. When ctime alone moves in between
 * (by a chmod, or a rewrite with a forged mtime), that proves no change, but the bytes may be mixed, so they are sent
 * again.
 */
const watchSource = (run: Run, source: OpenSource, before: Fingerprint): (() => Promise<void>) => {
  assertSameFile(run.job.source.fingerprint, before)
  return async () => {
    // A process that was stopped for longer than its lease must not finish an old body over what its successor proved.
    run.assertLease()
    const [now] = await Promise.all([source.fingerprint(), assertNotReplaced(source)])
    assertSameFile(before, now)
    if (onlyCtimeMoved(before, now)) throw new Failure('local', 'The source was touched while it was sent')
    // The look itself may have taken longer than what was left of the lease.
    run.assertLease()
    run.control.hard.throwIfAborted()
    run.control.shield()
  }
}

/**
 * Sends a small or empty file in one PutObject. A put that got no answer, in this run or before it, is looked at before
 * it is sent again. With a callback it is sent again at once: only its own answer tells whether the application was
 * called. The source is checked before the last bytes leave, so a file that changed meanwhile never becomes an object.
 * `seen`: the source as it was when it was opened.
 */
export const putWhole = async (run: Run, source: OpenSource, seen: Fingerprint): Promise<Receipt> => {
  const { fingerprint } = run.job.source
  const { crc64: expected } = run.job.options
  const { hard } = run.control
  const size = fingerprint.size
  if (expected !== null) {
    const crc64 = await source.crc64(0, size, hard)
    if (crc64 !== expected) {
      throw new Failure('permanent', `The source has CRC-64 ${crc64}, the job asked for ${expected}`, {
        code: 'integrity',
      })
    }
  }
  // This is a retry after the callback failed: OSS cannot be made to call again without the bytes.
  const earlier = run.job.intent === 'complete' ? await earlierPut(run, source) : null
  if (earlier !== null) return earlier
  const looks = run.job.options.callback === undefined
  let unanswered = run.job.runs > 1 || run.isPutUnanswered
  let firstLook: Fingerprint | null = seen
  try {
    return await run.retrier.request<Receipt>({
      name: 'put',
      carriesBytes: true,
      attempt: async (_tries, moved, answered) => {
        let letGo = false
        try {
          const made = unanswered && looks ? await unansweredPut(run, source, answered) : null
          if (made !== null) return made
          unanswered = false
          const before = firstLook ?? (await source.fingerprint())
          firstLook = null
          const confirm = watchSource(run, source, before)
          run.assertLease()
          run.progress.moving(onlyPart, 0)
          const put = await run.target.putObject(objectOf(run.job), source.range(0, size), objectOptionsOf(run.job), {
            signal: hard,
            pace: run.pace,
            onProgress: (bytes) => {
              moved()
              run.progress.moving(onlyPart, bytes)
            },
            confirm: async () => {
              await confirm()
              letGo = true
            },
          })
          const sent = asSent(run, put.crc64)
          if (put.serverCrc64 !== null) {
            return proveObject({ ...put, marker: run.job.marker }, sent, run.clock.now())
          }
          const found = await run.target.head(objectOf(run.job), hard)
          if (found === null) throw new Failure('transient', 'OSS answered PutObject with success but shows no object')
          return proveObject(found, sent, run.clock.now())
        } catch (error) {
          unanswered ||= letGo && mayHaveStored(error)
          throw error
        } finally {
          run.control.unshield()
          run.progress.landed(onlyPart, null)
        }
      },
    })
  } catch (error) {
    if (error instanceof Failure && error.kind === 'conflict') return ourEarlierObject(run, source, error)
    if (error instanceof Failure && isCallbackFailure(error)) throw await callbackFailed(run, source, error)
    throw error
  }
}
