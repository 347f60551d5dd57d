import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/** Returns the source of random hexadecimal digits. It asks for bytes in blocks, because a call costs more than bytes. */
const createRandomHex = (): ((bytes: number) => string) => {
  const block = Buffer.alloc(4096)
  let used = block.length
  return (bytes) => {
    if (used + bytes > block.length) {
      randomFillSync(block)
      used = 0
    }
    used += bytes
    return block.toString('hex', used - bytes, used)
  }
}
const randomHex = createRandomHex()

/**
 * Returns an id that sorts by the time when it was made, so that indexes grow at their end. Its 80 random bits keep it
 * unguessable.
 */
export const newJobId = (): string => Date.now().toString(36).padStart(9, '0') + randomHex(10)

/** Returns an id of a batch. Its form tells it from that of a job. */
export const newBatchId = (): string => `b-${newJobId()}`

/** Returns a text that marks an object as ours. No two uploads have the same marker. */
export const newMarker = (): string => randomHex(16)
