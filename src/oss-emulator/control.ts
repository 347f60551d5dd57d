import type { Authenticator, EmulatorCredentials } from './authenticate.js'
import type { Bandwidth } from './bandwidth.js'
import type { FaultRule, Faults } from './fault.js'
import type { Ledger, LedgerPage } from './ledger.js'
import type { Storage } from './storage.js'

/**
 * This is an open multipart upload, as tests look at it. ETags are without quotes, the CRC-64 is decimal, and sizes are
 * in bytes.
 */
export interface ListedUpload {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
  /** This is in ISO 8601 UTC. */
  readonly initiatedAt: string
  readonly sequential: boolean
  /** The parts are in the order of their numbers. */
  readonly parts: readonly {
    readonly partNumber: number
    readonly size: number
    readonly etag: string
    readonly crc64: string
  }[]
}

/**
 * This controls scripted faults, the speed limit and the keys, and shows what the emulator saw. The functions are the
 * same in process and over HTTP.
 */
export interface EmulatorControl {
  /** Returns the ids of the rules, in their order. */
  addFaults(rules: readonly FaultRule[]): readonly string[]
  clearFaults(): void
  /** Sets the limit for all request bodies together. Null means no limit. */
  setBandwidth(bytesPerSecond: number | null): void
  /** Sets the keys that are known from now on, in place of the earlier keys. */
  setCredentials(credentials: readonly EmulatorCredentials[]): void
  /** Returns the requests that ended after the entry numbered `after`. */
  ledger(after?: number): LedgerPage
  clearLedger(): void
  uploads(): readonly ListedUpload[]
}

export interface ControlDeps {
  readonly storage: Storage
  readonly faults: Faults
  readonly ledger: Ledger
  readonly bandwidth: Bandwidth
  readonly authenticator: Authenticator
}

export const createControl = ({ storage, faults, ledger, bandwidth, authenticator }: ControlDeps): EmulatorControl => ({
  addFaults: (rules) => faults.add(rules),
  clearFaults: () => faults.clear(),
  setBandwidth: (bytesPerSecond) => bandwidth.set(bytesPerSecond),
  setCredentials: (credentials) => authenticator.accept(credentials),
  ledger: (after = 0) => ledger.page(after),
  clearLedger: () => ledger.clear(),
  uploads: () =>
    storage.buckets().flatMap((bucket) =>
      bucket.uploads().map(({ key, uploadId, initiatedAt, sequential, parts }) => ({
        bucket: bucket.name,
        key,
        uploadId,
        initiatedAt: new Date(initiatedAt).toISOString(),
        sequential,
        parts: [...parts.values()]
          .sort((a, b) => a.partNumber - b.partNumber)
          .map(({ partNumber, size, etag, crc64 }) => ({ partNumber, size, etag, crc64 })),
      })),
    ),
})
