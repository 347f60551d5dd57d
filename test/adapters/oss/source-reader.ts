import { createRangeHasher } from '../../../src/adapters/oss/lanes/send-range.js'
import { createCrc64 } from '../../../src/core/crc64.js'
import type { SourceReader } from '../../../src/ports/source.js'

/** Reads sources on this thread. Nothing that it reads from hangs. */
export const readerHere = (): SourceReader => ({ hash: createRangeHasher(createCrc64), quiet: () => null })
