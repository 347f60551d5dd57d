import type { Fingerprint, RemovalNote } from '../core/job.js'

export interface RemovalRequest {
  readonly path: string
  /** The name, in the directory of the file, under which it is looked at for the last time. It comes from `newName`. */
  readonly aside: string
  /** The one file that is meant. */
  readonly fingerprint: Fingerprint
  /** Real paths of directories, which narrow the roots. */
  readonly within?: readonly string[] | undefined
}

/** Deletes sources. Each is deleted only while it is the very file that was read. */
export interface SourceRemover {
  /** Returns a name that nobody can guess. */
  newName(): string
  /**
   * Renames the file to a name where nobody finds it, compares it, and removes it or puts it back. What was begun with
   * the same request goes on where it was, and a file that is gone already counts as removed. It follows no symbolic
   * link, never leaves the roots and overwrites nothing. The note tells what keeps the file. Throws only Failure
   * `stalled`, while the file system does not answer: what was begun goes on meanwhile, and the same request waits for
   * that.
   */
  remove(request: RemovalRequest): Promise<RemovalNote>
}
