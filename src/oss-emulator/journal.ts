import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import type { StoredObject, StoredPart, StoredUpload } from './stored.js'

/** One change of what is stored. A record is in the journal whole or not at all, so a kill cannot halve a change. */
export type StoredChange =
  | { readonly type: 'bucket'; readonly bucket: string; readonly createdAt: number }
  | { readonly type: 'bucket-deleted'; readonly bucket: string }
  /** Also ends the upload that `object.uploadId` names, if it is open. */
  | { readonly type: 'object'; readonly bucket: string; readonly object: StoredObject }
  | { readonly type: 'object-deleted'; readonly bucket: string; readonly key: string }
  | { readonly type: 'upload'; readonly bucket: string; readonly upload: StoredUpload }
  | { readonly type: 'part'; readonly bucket: string; readonly uploadId: string; readonly part: StoredPart }
  | { readonly type: 'upload-aborted'; readonly bucket: string; readonly uploadId: string }

/**
 * The memory of the emulator: a file of JSON lines, one for each change. One appended line costs microseconds where a
 * file of its own costs the best part of a millisecond, and small uploads come by the thousand. It is written but not
 * synced: what is in it survives the process, which is all a double promises.
 */
export interface Journal {
  append(change: StoredChange): void
  /** Puts the changes that make up the present in place of the whole past. */
  compact(changes: Iterable<StoredChange>): void
  close(): void
}

/** Every whole line of the file, in order. A last line that a killed writer left unfinished is passed over. */
export const readJournal = (path: string): readonly StoredChange[] => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as StoredChange)
}

export const openJournal = (path: string): Journal => {
  let descriptor: number | null = null
  let end = 0

  return {
    append(change) {
      if (descriptor === null) throw new Error('The journal is not open.')
      const line = Buffer.from(`${JSON.stringify(change)}\n`)
      // At a position of our own, so that a line that did not fit on the disk is written over by the next one.
      if (writeSync(descriptor, line, 0, line.length, end) !== line.length) throw new Error('The disk is full.')
      end += line.length
    },
    compact(changes) {
      if (descriptor !== null) closeSync(descriptor)
      const lines = Buffer.from([...changes].map((change) => `${JSON.stringify(change)}\n`).join(''))
      writeFileSync(`${path}.tmp`, lines)
      renameSync(`${path}.tmp`, path)
      descriptor = openSync(path, 'r+')
      end = lines.length
    },
    close() {
      if (descriptor !== null) closeSync(descriptor)
      descriptor = null
    },
  }
}
