import type { Fingerprint, RemovalNote } from '../core/job.js'

export interface RemovalRequest {
  readonly path: string
  /** The name, in the file's directory, under which it is looked at a last time; from `newName`. */
  readonly aside: string
  /** The one file that is meant. */
  readonly fingerprint: Fingerprint
  /** Real paths of directories; narrows the roots. */
  readonly within?: readonly string[] | undefined
}

/** Deletes sources, each only while it is the very file that was read. */
export interface SourceRemover {
  /** A name that nobody can guess. */
  newName(): string
  /**
   * Renames the file aside, where nobody finds it, compares it, and removes it or puts it back. What was begun with the
   * same request goes on where it was, and one that is gone already counts as removed. Follows no symbolic link, leaves the
   * roots never, overwrites nothing. What keeps the file is told in the note. Throws only Failure `stalled`, while the file
   * system does not answer: what was begun goes on meanwhile, and the same request waits for that.
   */
  remove(request: RemovalRequest): Promise<RemovalNote>
}
