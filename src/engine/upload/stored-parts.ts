import { combineCrc64 } from '../../core/crc64.js'
import type { StoredPart } from '../../core/part.js'
import type { JobStore } from '../../ports/job-store.js'

const pageSize = 1000

/** Every part row of a job, in order. */
export const readParts = async (store: JobStore, jobId: string): Promise<readonly StoredPart[]> => {
  const parts: StoredPart[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<JobStore['parts']>> = await store.parts(jobId, { limit: pageSize, cursor })
    parts.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null)
  return parts
}

/** CRC-64 of the whole object from its parts, decimal; null while a part is missing. */
export const combinedCrc64 = (parts: readonly StoredPart[]): string | null => {
  let crc = 0n
  for (const part of parts) {
    if (part.crc64 === null) return null
    crc = combineCrc64(crc, BigInt(part.crc64), part.size)
  }
  return crc.toString()
}
