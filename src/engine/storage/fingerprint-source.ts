import type { Fingerprint } from '../../core/job.js'
import type { SourceOpener } from '../../ports/source.js'

/**
 * Returns the fingerprint of a source as it is now, and closes the source again. `within` narrows the roots. Throws the
 * Failure of the open.
 */
export const fingerprintSource = async (
  sources: SourceOpener,
  path: string,
  within?: readonly string[],
): Promise<Fingerprint> => {
  const source = await sources.open(path, within)
  try {
    return source.opened
  } finally {
    await source.close()
  }
}
