import type { OperationName } from './operation-name.js'

/** One request as the emulator saw it. */
export interface LedgerEntry {
  /** Counts finished requests, in the order they ended. */
  readonly seq: number
  /** When the request came, ISO 8601 UTC. */
  readonly at: string
  readonly operation: OperationName
  readonly bucket: string | null
  readonly key: string | null
  readonly partNumber: number | null
  readonly uploadId: string | null
  /** Bytes of the request's body that arrived, also of requests that were cut. */
  readonly bodyBytes: number
  /** Null when no answer was sent. */
  readonly status: number | null
  readonly requestId: string
  /** The request took effect: an object, part or upload was made, changed or removed. */
  readonly stored: boolean
}

export interface LedgerPage {
  readonly entries: readonly LedgerEntry[]
  /** `seq` of the newest entry, 0 when there was none. */
  readonly lastSeq: number
  /** Requests that have not ended yet, as they are now. */
  readonly inFlight: readonly Omit<LedgerEntry, 'seq'>[]
}

/** A request that is being handled; its entry is written when `close` is called. */
export type OpenEntry = { -readonly [Field in keyof Omit<LedgerEntry, 'seq'>]: LedgerEntry[Field] }

export interface Ledger {
  open(entry: OpenEntry): OpenEntry
  close(entry: OpenEntry): void
  /** Entries that ended after `after`. */
  page(after: number): LedgerPage
  clear(): void
}

const capacity = 200_000
/** Dropping old entries in bulk keeps the cost of one entry constant. */
const slack = 10_000

/** Keeps the last 200,000 entries. */
export const createLedger = (): Ledger => {
  let entries: LedgerEntry[] = []
  let lastSeq = 0
  const inFlight = new Set<OpenEntry>()

  return {
    open(entry) {
      inFlight.add(entry)
      return entry
    },
    close(entry) {
      if (!inFlight.delete(entry)) return
      lastSeq += 1
      entries.push({ seq: lastSeq, ...entry })
      if (entries.length >= capacity + slack) entries = entries.slice(-capacity)
    },
    page(after) {
      const kept = entries.slice(-capacity)
      const firstSeq = kept[0]?.seq ?? 0
      return {
        entries: kept.slice(Math.max(0, after - firstSeq + 1)),
        lastSeq,
        inFlight: [...inFlight].map((entry) => ({ ...entry })),
      }
    },
    clear() {
      // `lastSeq` goes on, so that a reader's cursor stays good.
      entries = []
    },
  }
}
