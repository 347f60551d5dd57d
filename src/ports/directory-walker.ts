import type { BatchProblem } from '../core/batch.js'
import type { Fingerprint } from '../core/job.js'

export interface WalkRequest {
  readonly dir: string
  /** Globs against the path below `dir`; none means every file. */
  readonly include: readonly string[]
  /** A directory that matches is passed over with all that is in it. */
  readonly exclude: readonly string[]
  readonly followSymlinks: boolean
  /** Real paths that narrow the roots. */
  readonly within?: readonly string[] | undefined
}

/** A regular file that could be opened. */
export interface FoundFile {
  readonly path: string
  /** Below `dir`, with `/` between directories. */
  readonly relative: string
  readonly fingerprint: Fingerprint
}

export interface WalkedChunk {
  readonly files: readonly FoundFile[]
  readonly problems: readonly BatchProblem[]
}

export interface DirectoryWalker {
  /**
   * Throws Failure `permanent` unless it is a directory below the roots that can be read, with the `reason` where that
   * tells nothing of other places; Failure `stalled` while its file system does not answer.
   */
  check(dir: string, within?: readonly string[]): Promise<void>
  /**
   * Every regular file below a directory, hidden ones included, in no order and in chunks of bounded size, the next of
   * which is sought only when one was taken. FIFOs, sockets and devices are passed over, and so are symbolic links unless
   * they are to be followed: then never out of the roots and never in a circle. What cannot be read is a problem and not
   * the end. Throws Failure `local` when the machine failed, `stalled` when the file system does not answer, where a walk begun
   * anew may succeed, and the signal's reason.
   */
  walk(request: WalkRequest, signal: AbortSignal): AsyncIterable<WalkedChunk>
}
