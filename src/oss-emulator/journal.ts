import { closeSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import type { StoredObject, StoredPart, StoredUpload } from './stored.js'

/**
 * This is one change of what is stored. A record is in the journal as a whole or not at all, so a kill cannot halve a
 * change.
 */
export type StoredChange =
  | { readonly type: 'bucket'; readonly bucket: string; readonly createdAt: number }
  | { readonly type: 'bucket-deleted'; readonly bucket: string }
  /** This change also ends the upload that `object.uploadId` names, if it is open. */
  | { readonly type: 'object'; readonly bucket: string; readonly object: StoredObject }
  | { readonly type: 'object-deleted'; readonly bucket: string; readonly key: string }
  | { readonly type: 'upload'; readonly bucket: string; readonly upload: StoredUpload }
  | { readonly type: 'part'; readonly bucket: string; readonly uploadId: string; readonly part: StoredPart }
  | { readonly type: 'upload-aborted'; readonly bucket: string; readonly uploadId: string }

/**
 * The journal is the memory of the emulator: a file of JSON lines, one for each change. One appended line costs
 * microseconds where a file of its own costs the best part of a millisecond, and small uploads come by the thousand. It
 * is written but not synced, so what is in it survives the end of the process, which is all that a test double
 * promises.
 */
export interface Journal {
  append(change: StoredChange): void
  /** Replaces the whole past by the changes that make up the present. */
  compact(changes: Iterable<StoredChange>): void
  close(): void
}

/** Returns every whole line of the file, in order. A last line that a killed writer left unfinished is passed over. */
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
      // The line is written at a position of our own, so that the next line overwrites one that did not fit on the
      // disk.
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
