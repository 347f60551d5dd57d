import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BucketStore, openBucketStore } from './bucket-store.js'
import { type DataFiles, openDataFiles } from './data-files.js'
import { readJsonFiles, writeJson } from './json-file.js'

/** All buckets of one directory. One process at a time may have it open. */
export interface Storage {
  readonly dataFiles: DataFiles
  /** By name. */
  buckets(): readonly { readonly name: string; readonly createdAt: number }[]
  bucket(name: string): BucketStore | undefined
  /** Does nothing when the bucket is there. `now` in ms. */
  createBucket(name: string, now: number): void
  deleteBucket(name: string): void
}

interface BucketDocument {
  readonly createdAt: number
}

/** Opens `directory`, or makes it, with everything that earlier runs stored there. */
export const openStorage = (directory: string): Storage => {
  const bucketsDirectory = join(directory, 'buckets')
  mkdirSync(bucketsDirectory, { recursive: true })
  const dataFiles = openDataFiles(join(directory, 'data'))
  const buckets = new Map<string, { store: BucketStore; createdAt: number }>()

  for (const name of readdirSync(bucketsDirectory)) {
    const path = join(bucketsDirectory, name)
    const [document] = readJsonFiles(path) as BucketDocument[]
    const store = openBucketStore(path, dataFiles)
    buckets.set(name, { store, createdAt: document?.createdAt ?? 0 })
  }
  dataFiles.removeUnknown(new Set([...buckets.values()].flatMap(({ store }) => store.files())))

  return {
    dataFiles,
    buckets: () =>
      [...buckets].map(([name, { createdAt }]) => ({ name, createdAt })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    bucket: (name) => buckets.get(name)?.store,
    createBucket(name, now) {
      if (buckets.has(name)) return
      const path = join(bucketsDirectory, name)
      const store = openBucketStore(path, dataFiles)
      writeJson(join(path, 'bucket.json'), { createdAt: now } satisfies BucketDocument)
      buckets.set(name, { store, createdAt: now })
    },
    deleteBucket(name) {
      if (!buckets.delete(name)) return
      rmSync(join(bucketsDirectory, name), { recursive: true, force: true })
    },
  }
}
