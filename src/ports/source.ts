import type { Fingerprint } from '../core/job.js'

/** What is at the path of the source now, seen with lstat: the file that we hold open, nothing, or something else. */
export type PathState = 'same' | 'absent' | 'replaced'

/** Names bytes of an open source, so that another thread can read them from the same descriptor by position. */
export interface ByteRange {
  readonly kind: 'file'
  readonly fd: number
  /** The path of the file, so that a reader knows what hangs together. */
  readonly device: string
  readonly inode: string
  readonly offset: number
  readonly length: number
}

/**
 * Reads a small file into the buffer from `at` on, whole and at once, on the calling thread. Returns null when it did:
 * then the file had this fingerprint before and after the read, and nothing else stood at its path. Returns why not
 * otherwise; what the buffer holds then means nothing. `within` (real paths) narrows the roots.
 */
export type ReadWholeFile = (
  path: string,
  expected: Fingerprint,
  within: readonly string[] | undefined,
  buffer: Buffer,
  at: number,
) => string | null

/** Reads the bytes of sources, on other threads. */
export interface SourceReader {
  /** Computes what `OpenSource.crc64` promises. */
  hash(range: ByteRange, signal: AbortSignal): Promise<string>
  /**
   * Returns null when nothing reads from the descriptor. Else a read that hangs is still under way although its caller
   * has given it up, and the promise resolves once the file system has answered it.
   */
  quiet(fd: number): Promise<void> | null
}

/**
 * One open file. Everything is read through its descriptor, so a rename can never mix two files. Close it only when
 * everything that was to read from it has settled, because the number of a closed descriptor is used again. A read that
 * hangs beyond that keeps the descriptor open until it is answered, and `close` does not wait for it.
 */
export interface OpenSource {
  /** The fingerprint of the descriptor as it was opened. */
  readonly opened: Fingerprint
  /**
   * Returns for how many milliseconds this process has seen the file just so, by a monotonic clock, which begins with
   * the first look. Returns null where the times of the file are of this machine's clock, so that they say more.
   */
  stoodMs(seen: Fingerprint): number | null
  range(offset: number, length: number): ByteRange
  /**
   * Returns the fingerprint of the descriptor now. Throws Failure `local` (`source_unreadable`) when the file system
   * fails, and `stalled` when it does not answer.
   */
  fingerprint(): Promise<Fingerprint>
  pathState(): Promise<PathState>
  /**
   * Returns the CRC-64/XZ of a range, as a decimal. Throws Failure `changed` (`source_changed`) when the file is
   * shorter, `local` when reading fails, `stalled` when the file system does not answer, and the signal's reason when
   * it is aborted.
   */
  crc64(offset: number, length: number, signal: AbortSignal): Promise<string>
  close(): Promise<void>
}

export interface SourceOpener {
  /**
   * Opens a regular file below the allowed roots. It never blocks on a FIFO and follows no symbolic link out of the
   * roots. Throws Failure `permanent` with `source_missing` (nothing is there) or `source_unreadable` (outside the
   * roots, not a regular file, no permission), without telling which files exist outside the roots. Throws Failure
   * `local` (`source_unreadable`) when the machine failed and another try may succeed, and `stalled` when the file
   * system does not answer. Its `reason` is set where every link of the way stays below the roots. `within` (real
   * paths) narrows the roots.
   */
  open(path: string, within?: readonly string[]): Promise<OpenSource>
}
