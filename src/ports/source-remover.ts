import type { Fingerprint, RemovalNote } from '../core/job.js'

export interface RemovalRequest {
  readonly path: string
  /**
   * Under this name, in the directory of the file, the file is looked at for the last time. The name comes from
   * `newName`.
   */
  readonly aside: string
  /** Only the file with this fingerprint is meant. */
  readonly fingerprint: Fingerprint
  /** These are real paths of directories, which narrow the roots. */
  readonly within?: readonly string[] | undefined
}

/** Deletes sources. Each of them is deleted only while it is the very file that was read. */
export interface SourceRemover {
  /** Returns a name that cannot be guessed. */
  newName(): string
  /**
   * Renames the file to a name where no program finds it, compares it, and removes it or puts it back. What was begun
   * with the same request goes on where it was, and a file that is gone already counts as removed. The call follows no
   * symbolic link, never leaves the roots and overwrites nothing. The note tells what keeps the file. Throws only
   * Failure `stalled`, while the file system does not answer. What was begun goes on meanwhile, and the same request
   * waits for that.
   */
  remove(request: RemovalRequest): Promise<RemovalNote>
}
