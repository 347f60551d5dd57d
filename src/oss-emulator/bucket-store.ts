import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DataFiles } from './data-files.js'
import { readJsonFiles, removeJson, writeJson } from './json-file.js'
import { compareKeys, type StoredObject, type StoredPart, type StoredUpload } from './stored.js'

/** An open multipart upload with the parts it has, by number. */
export type OpenUpload = StoredUpload & { readonly parts: ReadonlyMap<number, StoredPart> }
type MutableUpload = StoredUpload & { readonly parts: Map<number, StoredPart> }

/** One bucket: everything in memory, everything on disk. Each change is one whole step that a kill cannot halve. */
export interface BucketStore {
  object(key: string): StoredObject | undefined
  /** In the order of listings. */
  keys(): readonly string[]
  putObject(object: StoredObject): void
  /** Changes what is kept of an object beside its bytes. */
  describeObject(object: StoredObject): void
  deleteObject(key: string): void
  upload(uploadId: string): OpenUpload | undefined
  /** By key, then by uploadId. */
  uploads(): readonly OpenUpload[]
  createUpload(upload: StoredUpload): void
  putPart(uploadId: string, part: StoredPart): void
  /** Makes the object and ends the upload that `object.uploadId` names; parts that are not in it are removed. */
  completeUpload(object: StoredObject): void
  abortUpload(uploadId: string): void
  /** Every data file that the bucket needs. */
  files(): readonly string[]
}

const loadUploads = (directory: string): MutableUpload[] =>
  readdirSync(directory).flatMap((uploadId) => {
    const documents = readJsonFiles(join(directory, uploadId)) as (StoredUpload | StoredPart)[]
    const upload = documents.find((document): document is StoredUpload => 'uploadId' in document)
    // A kill between the directory and its first document: nobody was told of this upload.
    if (upload === undefined) {
      rmSync(join(directory, uploadId), { recursive: true, force: true })
      return []
    }
    const parts = documents.filter((document): document is StoredPart => 'partNumber' in document)
    return [{ ...upload, parts: new Map(parts.map((part) => [part.partNumber, part])) }]
  })

const filesOf = (object: StoredObject | undefined): readonly string[] =>
  object === undefined ? [] : object.segments.map(({ file }) => file)

/** Opens the bucket in `directory`, making what is missing. */
export const openBucketStore = (directory: string, dataFiles: DataFiles): BucketStore => {
  const objectsDirectory = join(directory, 'objects')
  const uploadsDirectory = join(directory, 'uploads')
  mkdirSync(objectsDirectory, { recursive: true })
  mkdirSync(uploadsDirectory, { recursive: true })

  const stored = readJsonFiles(objectsDirectory) as StoredObject[]
  const objects = new Map(stored.map((object) => [object.key, object]))
  const uploads = new Map(loadUploads(uploadsDirectory).map((upload) => [upload.uploadId, upload]))
  let sortedKeys: readonly string[] | null = null

  const objectPath = (key: string): string =>
    join(objectsDirectory, `${createHash('sha256').update(key).digest('hex')}.json`)

  const describeObject = (object: StoredObject): void => {
    writeJson(objectPath(object.key), object)
    objects.set(object.key, object)
  }

  const replaceObject = (object: StoredObject): void => {
    const old = objects.get(object.key)
    describeObject(object)
    if (old === undefined) sortedKeys = null
    dataFiles.remove(filesOf(old))
  }

  const endUpload = (uploadId: string, keep: ReadonlySet<string>): void => {
    const upload = uploads.get(uploadId)
    if (upload === undefined) return
    uploads.delete(uploadId)
    rmSync(join(uploadsDirectory, uploadId), { recursive: true, force: true })
    dataFiles.remove([...upload.parts.values()].map(({ file }) => file).filter((file) => !keep.has(file)))
  }

  // A kill between the two steps of completeUpload leaves the upload beside its object, and both name the same files.
  for (const object of objects.values()) {
    if (object.uploadId !== null) endUpload(object.uploadId, new Set(filesOf(object)))
  }

  return {
    object: (key) => objects.get(key),
    keys() {
      sortedKeys ??= [...objects.keys()].sort(compareKeys)
      return sortedKeys
    },
    putObject: replaceObject,
    describeObject,
    deleteObject(key) {
      const old = objects.get(key)
      if (old === undefined) return
      objects.delete(key)
      sortedKeys = null
      removeJson(objectPath(key))
      dataFiles.remove(filesOf(old))
    },
    upload: (uploadId) => uploads.get(uploadId),
    uploads: () =>
      [...uploads.values()].sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.uploadId, b.uploadId)),
    createUpload(upload) {
      const uploadDirectory = join(uploadsDirectory, upload.uploadId)
      mkdirSync(uploadDirectory)
      writeJson(join(uploadDirectory, 'upload.json'), upload)
      uploads.set(upload.uploadId, { ...upload, parts: new Map() })
    },
    putPart(uploadId, part) {
      const parts = uploads.get(uploadId)?.parts
      if (parts === undefined) throw new Error('A part was put into an upload that is not open.')
      const old = parts.get(part.partNumber)
      writeJson(join(uploadsDirectory, uploadId, `part-${part.partNumber}.json`), part)
      parts.set(part.partNumber, part)
      if (old !== undefined) dataFiles.remove([old.file])
    },
    completeUpload(object) {
      replaceObject(object)
      if (object.uploadId !== null) endUpload(object.uploadId, new Set(filesOf(object)))
    },
    abortUpload: (uploadId) => endUpload(uploadId, new Set()),
    files: () => [
      ...[...objects.values()].flatMap(filesOf),
      ...[...uploads.values()].flatMap(({ parts }) => [...parts.values()].map(({ file }) => file)),
    ],
  }
}
