import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type BucketStore, createBucketStore } from './bucket-store.js'
import { type DataFiles, openDataFiles } from './data-files.js'
import { lockDirectory } from './directory-lock.js'
import { openJournal, readJournal, type StoredChange } from './journal.js'

/** This holds all buckets of one directory. */
export interface Storage {
  readonly dataFiles: DataFiles
  /** Returns the buckets by name. */
  buckets(): readonly BucketStore[]
  bucket(name: string): BucketStore | undefined
  /** Makes a change, in the journal and in memory. The next call sees it, and so does a restart. */
  commit(change: StoredChange): void
  close(): void
}

/**
 * Opens `directory`, or makes it, with everything that earlier runs stored there. Throws when another process has it
 * open.
 */
export const openStorage = (directory: string): Storage => {
  mkdirSync(directory, { recursive: true })
  const unlock = lockDirectory(join(directory, 'emulator.pid'))
  const journalPath = join(directory, 'journal.jsonl')
  const dataFiles = openDataFiles(join(directory, 'data'))
  const buckets = new Map<string, BucketStore>()
  // The past is replayed before anything is counted, so what it released does not matter.
  let release: DataFiles['release'] = () => {}

  const apply = (change: StoredChange): void => {
    if (change.type === 'bucket') {
      const { bucket, createdAt } = change
      buckets.set(
        bucket,
        createBucketStore(bucket, createdAt, (segments) => release(segments)),
      )
    } else if (change.type === 'bucket-deleted') {
      buckets.delete(change.bucket)
    } else {
      buckets.get(change.bucket)?.apply(change)
    }
  }

  for (const change of readJournal(journalPath)) apply(change)
  dataFiles.restore([...buckets.values()].flatMap((bucket) => bucket.segments()))
  release = dataFiles.release
  const journal = openJournal(journalPath)
  journal.compact([...buckets.values()].flatMap((bucket) => bucket.changes()))

  return {
    dataFiles,
    buckets: () => [...buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    bucket: (name) => buckets.get(name),
    commit(change) {
      journal.append(change)
      apply(change)
    },
    close() {
      journal.close()
      dataFiles.close()
      unlock()
    },
  }
}
