import { type Job, sizeOf } from '../../core/job.js'
import type { LiveProgress, ProgressView } from '../../core/job-view.js'
import { viewJob } from '../../core/job-view.js'
import { bytesLeftOf, etaOf, observe, type RateWindow, rateOf } from '../../core/progress.js'
import type { Clock } from '../../ports/clock.js'

/**
 * Each job is announced at most four times a second, and at least once a second while bytes are on their way, however
 * slow the line is.
 */
const announceEveryMs = 250
const announceAtLeastEveryMs = 1_000
/**
 * This error is made once, because an AbortError with its stack for each job would cost more than the rest of its end.
 */
const nobodyMoves = new Error('no job is at work')

export interface JobProgress {
  /** Shows the job as the store has it now. Its counters hold every part that landed before. */
  update(job: Job): void
  /** `bytes` of this part are on their way. The number replaces that of an earlier try. */
  moving(partNumber: number, bytes: number): void
  /** The part is committed (`size` bytes) or given up (null). */
  landed(partNumber: number, size: number | null): void
  /** The run is over. */
  end(): void
}

/** `batchId` is the batch of the job. It is null when the job belongs to none. */
export type ProgressListener = (jobId: string, progress: ProgressView, batchId: string | null) => void

/** Holds what the running daemon knows beyond the store: bytes in flight, rates, and parts on their way. */
export interface ProgressBoard {
  begin(job: Job): JobProgress
  /** Returns null when the job is not running here. */
  live(jobId: string): LiveProgress | null
  uploadingParts(jobId: string): ReadonlySet<number>
  /** Returns the bytes in flight of all jobs of a batch that run here. */
  batchBytesInFlight(batchId: string): number
  /**
   * The listener is called at most four times a second per job while bytes move. Returns the function that ends this.
   */
  subscribe(listener: ProgressListener): () => void
}

interface Entry {
  job: Job
  bytesLanded: number
  partsLanded: number
  readonly inFlight: Map<number, number>
  window: RateWindow
  announcedAt: number
}

export const createProgressBoard = (clock: Clock): ProgressBoard => {
  const entries = new Map<string, Entry>()
  const listeners = new Set<ProgressListener>()
  let beat: AbortController | null = null

  const bytesInFlight = (entry: Entry): number => {
    let sum = 0
    for (const bytes of entry.inFlight.values()) sum += bytes
    return sum
  }

  const liveOf = (entry: Entry): LiveProgress => {
    const inFlight = bytesInFlight(entry)
    const bytesPerSecond = rateOf(entry.window, clock.monotonic())
    const left = bytesLeftOf(sizeOf(entry.job), entry.bytesLanded + inFlight)
    return { bytesInFlight: inFlight, bytesPerSecond, etaSeconds: etaOf(left, bytesPerSecond) }
  }

  const progressOf = (entry: Entry): ProgressView => ({
    ...viewJob(entry.job, liveOf(entry)).progress,
    bytesUploaded: entry.bytesLanded,
    partsUploaded: entry.partsLanded,
  })

  const announce = (entry: Entry, notWithinMs: number): void => {
    const atMs = clock.monotonic()
    if (atMs - entry.announcedAt < notWithinMs || listeners.size === 0) return
    entry.announcedAt = atMs
    const progress = progressOf(entry)
    for (const listener of listeners) listener(entry.job.id, progress, entry.job.batchId)
  }

  const moved = (entry: Entry): void => {
    entry.window = observe(entry.window, {
      atMs: clock.monotonic(),
      bytes: entry.bytesLanded + bytesInFlight(entry),
    })
    announce(entry, announceEveryMs)
  }

  /**
   * There is one beat for all jobs, which runs while there are any. A timer for each job would cost more than the other
   * steps of a small file.
   */
  const announceRegularly = async (over: AbortSignal): Promise<void> => {
    while (!over.aborted) {
      await clock.sleep(announceEveryMs, over).catch(() => {})
      for (const entry of entries.values()) {
        if (entry.inFlight.size > 0) announce(entry, announceAtLeastEveryMs - announceEveryMs)
      }
    }
  }

  return {
    begin(job) {
      const entry: Entry = {
        job,
        bytesLanded: job.bytesUploaded,
        partsLanded: job.partsUploaded,
        inFlight: new Map(),
        window: [{ atMs: clock.monotonic(), bytes: job.bytesUploaded }],
        announcedAt: Number.NEGATIVE_INFINITY,
      }
      entries.set(job.id, entry)
      if (beat === null) {
        beat = new AbortController()
        void announceRegularly(beat.signal)
      }
      return {
        update(now) {
          entry.job = now
          entry.bytesLanded = now.bytesUploaded
          entry.partsLanded = now.partsUploaded
        },
        moving(partNumber, bytes) {
          entry.inFlight.set(partNumber, bytes)
          moved(entry)
        },
        landed(partNumber, size) {
          entry.inFlight.delete(partNumber)
          if (size !== null) {
            entry.bytesLanded += size
            entry.partsLanded += 1
          }
          moved(entry)
        },
        end() {
          if (entries.get(job.id) === entry) entries.delete(job.id)
          if (entries.size > 0) return
          beat?.abort(nobodyMoves)
          beat = null
        },
      }
    },
    live(jobId) {
      const entry = entries.get(jobId)
      return entry === undefined ? null : liveOf(entry)
    },
    uploadingParts: (jobId) => new Set(entries.get(jobId)?.inFlight.keys()),
    batchBytesInFlight(batchId) {
      let sum = 0
      for (const entry of entries.values()) if (entry.job.batchId === batchId) sum += bytesInFlight(entry)
      return sum
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
