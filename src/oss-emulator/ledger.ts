import type { OperationName } from './operation-name.js'

/** This is one request as the emulator saw it. */
export interface LedgerEntry {
  /** This counts finished requests, in the order in which they ended. */
  readonly seq: number
  /** This is when the request came, in ISO 8601 UTC. */
  readonly at: string
  readonly operation: OperationName
  readonly bucket: string | null
  readonly key: string | null
  readonly partNumber: number | null
  readonly uploadId: string | null
  /** These are the bytes of the request's body that arrived, also for requests that were cut. */
  readonly bodyBytes: number
  /** It is null when no answer was sent. */
  readonly status: number | null
  readonly requestId: string
  /** True means that the request took effect: an object, part or upload was made, changed or removed. */
  readonly stored: boolean
}

export interface LedgerPage {
  readonly entries: readonly LedgerEntry[]
  /** This is the `seq` of the newest entry. It is 0 when there was none. */
  readonly lastSeq: number
  /** These requests have not ended yet. They are shown as they are now. */
  readonly inFlight: readonly Omit<LedgerEntry, 'seq'>[]
}

/** This is a request that is being handled. Its entry is written when `close` is called. */
export type OpenEntry = { -readonly [Field in keyof Omit<LedgerEntry, 'seq'>]: LedgerEntry[Field] }

export interface Ledger {
  open(entry: OpenEntry): OpenEntry
  close(entry: OpenEntry): void
  /** Returns the entries that ended after `after`. */
  page(after: number): LedgerPage
  clear(): void
}

const capacity = 200_000
/** Old entries are dropped in bulk, which keeps the cost of one entry constant. */
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
      // `lastSeq` goes on, so that a reader's cursor stays valid.
      entries = []
    },
  }
}
