import { Failure } from '../../core/failure.js'
import { isOneInode } from '../../core/fingerprint.js'
import type { Fingerprint } from '../../core/job.js'
import type { Clock } from '../../ports/clock.js'
import type { OpenSource } from '../../ports/source.js'

const changed = (what: string): Failure =>
  new Failure('changed', `The source changed while it was uploaded: ${what}`, { code: 'source_changed' })

/**
 * Compares what must never differ: size, mtime and inode. `dev` changes by a remount and ctime by chmod or unlink, so
 * neither proves a change. Throws Failure `changed`.
 */
export const assertSameFile = (expected: Fingerprint, seen: Fingerprint): void => {
  if (!isOneInode(expected, seen)) throw changed('another file stands at its path')
  if (seen.size !== expected.size) throw changed(`it had ${expected.size} bytes and has ${seen.size}`)
  if (seen.mtimeNs !== expected.mtimeNs) throw changed('its modification time moved')
}

/**
 * Whether ctime alone moved: the bytes may be the same (chmod, unlink) or rewritten with a forged mtime. Only reading
 * tells.
 */
export const onlyCtimeMoved = (expected: Fingerprint, seen: Fingerprint): boolean => seen.ctimeNs !== expected.ctimeNs

/** Linux stamps files by a clock that moves every 1 to 10 ms. */
const tickMs = 20
/** A file system that keeps whole seconds may keep every other one only. */
const coarseTickMs = 2_000

/**
 * Returns how long to wait before a file is read, in milliseconds: 0 unless it was changed so lately that the next
 * change could leave its times as they are. Once that tick is over, no change of what was read can hide. `now`:
 * milliseconds since the epoch; a ctime in its future costs one tick.
 */
export const unsettledMs = ({ ctimeNs }: Fingerprint, now: number): number => {
  const tick = ctimeNs.endsWith('000000000') ? coarseTickMs : tickMs
  const ageMs = now - Number(BigInt(ctimeNs) / 1_000_000n)
  return Math.min(tick, Math.max(0, tick - ageMs))
}

const isUntouched = (a: Fingerprint, b: Fingerprint): boolean =>
  a.ctimeNs === b.ctimeNs && a.mtimeNs === b.mtimeNs && a.size === b.size

/** A look at a file that was stored, at an instant of the wall clock. */
export interface EarlierLook {
  readonly fingerprint: Fingerprint
  readonly at: number
}

/**
 * Returns how long to wait before an open file is read. The clock of another machine says nothing here, so a file whose
 * times are of such a clock must have stood still for the longest tick since it was first seen so: by this process, or
 * by the one that stored the earlier look.
 */
const settlesInMs = (source: OpenSource, seen: Fingerprint, now: number, earlier: EarlierLook | null): number => {
  const stoodMs = source.stoodMs(seen)
  if (stoodMs === null) return unsettledMs(seen, now)
  const isAsStored = earlier !== null && earlier.fingerprint.ino === seen.ino && isUntouched(earlier.fingerprint, seen)
  return Math.max(0, coarseTickMs - Math.max(stoodMs, isAsStored ? now - earlier.at : 0))
}

/** A file that is another one at each of so many looks is not waited for any longer. */
const mostLooks = 5

/**
 * Returns the fingerprint of a file once it is fit to be read: whatever changes it from then on moves its times. Of a
 * file on another machine's clock that never stands still it throws Failure `permanent` (`source_changed`).
 */
export const settledFingerprint = async (
  source: OpenSource,
  earlier: EarlierLook | null,
  clock: Pick<Clock, 'now' | 'sleep'>,
  signal: AbortSignal,
): Promise<Fingerprint> => {
  let seen = source.opened
  for (let looks = 1; looks <= mostLooks; looks++) {
    const waitMs = settlesInMs(source, seen, clock.now(), earlier)
    if (waitMs === 0) return seen
    await clock.sleep(waitMs, signal)
    const again = await source.fingerprint()
    if (isUntouched(seen, again)) return again
    seen = again
  }
  // On this machine's clock a look takes milliseconds, and what the job asked for when its source changes decides.
  if (source.stoodMs(seen) === null) return seen
  throw new Failure('permanent', `The source changes all the time, at each of ${mostLooks} looks`, {
    code: 'source_changed',
  })
}

/**
 * Throws Failure `changed` when another file stands at the path. An absent one is fine: the descriptor has the bytes.
 */
export const assertNotReplaced = async (source: OpenSource): Promise<void> => {
  if ((await source.pathState()) === 'replaced') throw changed('another file was put at its path')
}

/**
 * Takes the last look before an object is made. Throws Failure `changed`. `crc64` is what was sent: when only ctime
 * moved, the source is read again and must still have it.
 */
export const assertUnchanged = async (
  source: OpenSource,
  expected: Fingerprint,
  crc64: string,
  signal: AbortSignal,
): Promise<void> => {
  const seen = await source.fingerprint()
  assertSameFile(expected, seen)
  await assertNotReplaced(source)
  if (!onlyCtimeMoved(expected, seen)) return
  if ((await source.crc64(0, expected.size, signal)) !== crc64) throw changed('its bytes are not those that were sent')
  assertSameFile(expected, await source.fingerprint())
}
