import type { BatchProblem } from '../core/batch.js'
import type { Fingerprint } from '../core/job.js'

export interface WalkRequest {
  readonly dir: string
  /** Globs that are compared with the path below `dir`; none means every file. */
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
  /** The path below `dir`, with `/` between directories. */
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
   * tells nothing of other places. Throws Failure `stalled` while its file system does not answer.
   */
  check(dir: string, within?: readonly string[]): Promise<void>
  /**
   * Yields every regular file below a directory, hidden ones included, in no order and in chunks of bounded size. The
   * next chunk is sought only when one was taken. FIFOs, sockets and devices are passed over, and so are symbolic links
   * unless they are to be followed; then the walk never leaves the roots and never goes in a circle. What cannot be
   * read is a problem and does not end the walk. Throws Failure `local` when the machine failed, and `stalled` when the
   * file system does not answer: a walk that is begun anew may succeed then. Throws the signal's reason when it is
   * aborted.
   */
  walk(request: WalkRequest, signal: AbortSignal): AsyncIterable<WalkedChunk>
}
