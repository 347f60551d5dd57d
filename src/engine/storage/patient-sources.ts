import { Failure } from '../../core/failure.js'
import type { Clock } from '../../ports/clock.js'
import type { OpenSource, SourceOpener } from '../../ports/source.js'

const maxTries = 3
/** The pause is so long after the first failure, and twice as long after the second. */
const pauseMs = 500

/**
 * Returns sources for runs. Where the machine fails to open or read a file, it is asked again, three times in all, and
 * then the file is called unreadable (Failure `permanent`, `source_unreadable`). This does not hold for the bytes of a
 * part or put, because reading them is a try of its request.
 */
export const createPatientSources = (sources: SourceOpener, clock: Clock): SourceOpener => {
  const persist = async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    for (let tries = 1; ; tries++) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Failure) || error.kind !== 'local') throw error
        if (tries === maxTries) {
          throw new Failure('permanent', `${error.message} (${maxTries} tries)`, {
            code: 'source_unreadable',
            reason: error.reason,
            cause: error,
          })
        }
        await clock.sleep(pauseMs * tries, signal)
      }
    }
  }

  const patient = (source: OpenSource): OpenSource => ({
    ...source,
    fingerprint: () => persist(() => source.fingerprint()),
    pathState: () => persist(() => source.pathState()),
    crc64: (offset, length, signal) => persist(() => source.crc64(offset, length, signal), signal),
  })

  return { open: async (path, within) => patient(await persist(() => sources.open(path, within))) }
}
