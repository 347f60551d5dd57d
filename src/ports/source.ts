import type { Fingerprint } from '../core/job.js'

/** What stands at the source's path now, seen with lstat: the file we hold open, nothing, or something else. */
export type PathState = 'same' | 'absent' | 'replaced'

/** Names bytes of an open source, so that another thread can read them from the same descriptor by position. */
export interface ByteRange {
  readonly kind: 'file'
  readonly fd: number
  /** Of the file, so that whoever reads knows what hangs together. */
  readonly device: string
  readonly inode: string
  readonly offset: number
  readonly length: number
}

/** Whoever reads the bytes of sources, on other threads. */
export interface SourceReader {
  /** Computes what `OpenSource.crc64` promises. */
  hash(range: ByteRange, signal: AbortSignal): Promise<string>
  /**
   * Null when nothing reads from the descriptor. Else a read that hangs is still out although its caller has given it up:
   * resolves once the file system has answered it.
   */
  quiet(fd: number): Promise<void> | null
}

/**
 * One open file. Everything is read through its descriptor, so a rename can never mix two files. Close it only when
 * whatever was to read from it has settled: the number of a closed descriptor is reused. A read that hangs behind that
 * keeps the descriptor open until it is answered, and `close` does not wait for it.
 */
export interface OpenSource {
  /** Fingerprint of the descriptor as it was opened. */
  readonly opened: Fingerprint
  range(offset: number, length: number): ByteRange
  /** Fingerprint of the descriptor now. Throws Failure `local` (`source_unreadable`) when the file system fails, `stalled` when it does not answer. */
  fingerprint(): Promise<Fingerprint>
  pathState(): Promise<PathState>
  /**
   * CRC-64/XZ of a range, decimal. Throws Failure `changed` (`source_changed`) when the file is shorter, Failure `local`
   * when reading fails, `stalled` when the file system does not answer, and the signal's reason when aborted.
   */
  crc64(offset: number, length: number, signal: AbortSignal): Promise<string>
  close(): Promise<void>
}

export interface SourceOpener {
  /**
   * Opens a regular file below the allowed roots. Never blocks on a FIFO and follows no symbolic link out of the roots.
   * Throws Failure `permanent` with `source_missing` (nothing there) or `source_unreadable` (outside the roots, not a
   * regular file, no permission), without telling which file exists outside the roots; Failure `local`
   * (`source_unreadable`) when the machine failed and another try may succeed, `stalled` when the file system does not
   * answer. Its `reason` is set where every link of the way stays below the roots. `within` (real paths) narrows the roots.
   */
  open(path: string, within?: readonly string[]): Promise<OpenSource>
}
