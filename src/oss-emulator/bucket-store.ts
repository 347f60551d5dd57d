import type { DataFiles } from './data-files.js'
import type { StoredChange } from './journal.js'
import { compareKeys, type Segment, type StoredObject, type StoredPart, type StoredUpload } from './stored.js'

/** This is an open multipart upload with the parts it has, by number. */
export type OpenUpload = StoredUpload & { readonly parts: ReadonlyMap<number, StoredPart> }
type MutableUpload = StoredUpload & { readonly parts: Map<number, StoredPart> }

/** This is one bucket in memory. Only `apply` changes it. */
export interface BucketStore {
  readonly name: string
  /** This is in milliseconds since the epoch. */
  readonly createdAt: number
  object(key: string): StoredObject | undefined
  /** Returns the keys in the order of listings. */
  keys(): readonly string[]
  upload(uploadId: string): OpenUpload | undefined
  /** Returns the uploads by key, and then by uploadId. */
  uploads(): readonly OpenUpload[]
  /** Makes a change that is already in the journal. Segments that are no longer needed after it are released. */
  apply(change: StoredChange): void
  /** Returns the changes that lead from an empty bucket to this one. */
  changes(): readonly StoredChange[]
  /** Returns every segment that the bucket needs. */
  segments(): readonly Segment[]
}

/** Returns a text that no two segments have in common. */
const originOf = (segment: Segment | undefined): string => `${segment?.file}:${segment?.offset}`

export const createBucketStore = (name: string, createdAt: number, release: DataFiles['release']): BucketStore => {
  const objects = new Map<string, StoredObject>()
  const uploads = new Map<string, MutableUpload>()
  let sortedKeys: readonly string[] | null = null

  const endUpload = (uploadId: string, object: StoredObject | null): void => {
    const upload = uploads.get(uploadId)
    if (upload === undefined) return
    uploads.delete(uploadId)
    const kept = new Set(object?.segments.map(originOf))
    release([...upload.parts.values()].filter((part) => !kept.has(originOf(part))))
  }

  const putObject = (object: StoredObject): void => {
    const old = objects.get(object.key)
    objects.set(object.key, object)
    if (object.uploadId !== null) endUpload(object.uploadId, object)
    if (old === undefined) sortedKeys = null
    // New tags or a new ACL come with the same bytes.
    else if (originOf(old.segments[0]) !== originOf(object.segments[0])) release(old.segments)
  }

  const putPart = (uploadId: string, part: StoredPart): void => {
    const parts = uploads.get(uploadId)?.parts
    if (parts === undefined) throw new Error('A part belongs to an upload that is not open.')
    const old = parts.get(part.partNumber)
    parts.set(part.partNumber, part)
    if (old !== undefined) release([old])
  }

  const deleteObject = (key: string): void => {
    const old = objects.get(key)
    if (old === undefined) return
    objects.delete(key)
    sortedKeys = null
    release(old.segments)
  }

  const sortedUploads = (): readonly OpenUpload[] =>
    [...uploads.values()].sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.uploadId, b.uploadId))

  return {
    name,
    createdAt,
    object: (key) => objects.get(key),
    keys() {
      sortedKeys ??= [...objects.keys()].sort(compareKeys)
      return sortedKeys
    },
    upload: (uploadId) => uploads.get(uploadId),
    uploads: sortedUploads,
    apply(change) {
      switch (change.type) {
        case 'object':
          putObject(change.object)
          break
        case 'object-deleted':
          deleteObject(change.key)
          break
        case 'upload':
          uploads.set(change.upload.uploadId, { ...change.upload, parts: new Map() })
          break
        case 'part':
          putPart(change.uploadId, change.part)
          break
        case 'upload-aborted':
          endUpload(change.uploadId, null)
          break
      }
    },
    changes: () => [
      { type: 'bucket', bucket: name, createdAt },
      ...[...objects.values()].map((object) => ({ type: 'object', bucket: name, object }) as const),
      ...[...uploads.values()].flatMap(({ parts, ...upload }): StoredChange[] => [
        { type: 'upload', bucket: name, upload },
        ...[...parts.values()].map((part) => {
          return { type: 'part', bucket: name, uploadId: upload.uploadId, part } as const
        }),
      ]),
    ],
    segments: () => [
      ...[...objects.values()].flatMap(({ segments }) => segments),
      ...[...uploads.values()].flatMap(({ parts }) => [...parts.values()]),
    ],
  }
}
