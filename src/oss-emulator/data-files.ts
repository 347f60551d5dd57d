import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import type { Segment } from './stored.js'

/**
 * The files that hold the bytes of parts and objects. Big bodies have a file each; small ones share pack files, because
 * making a file costs more than the rest of a small request. Bytes are written once and never moved. A file is counted by
 * its segments: it goes when the last of them is released.
 */
export interface DataFiles {
  path(file: string): string
  /** Stores a small body. The segment is the caller's, to give to an object or part, or to release. */
  pack(buffers: readonly Buffer[], size: number): Segment
  /** A name for a big body of the caller's own; it is the caller's to write. */
  newFile(): string
  /** Takes a file that the caller has written, as one segment that is the caller's. */
  adopt(file: string, size: number): Segment
  /** One more user of these segments, such as a reader. */
  hold(segments: readonly Segment[]): void
  /** One user less. */
  release(segments: readonly Segment[]): void
  /** At the start: these segments have one user each, and files without any are removed. */
  restore(segments: Iterable<Segment>): void
  close(): void
}

/** A pack goes when its last segment goes, so it must not grow for ever. */
const maxPackBytes = 64 * 1024 * 1024

export const openDataFiles = (directory: string): DataFiles => {
  mkdirSync(directory, { recursive: true })
  const users = new Map<string, number>()
  let pack: { file: string; descriptor: number; end: number } | null = null
  const path = (file: string): string => join(directory, file)

  const hold = (segments: Iterable<Segment>): void => {
    for (const { file } of segments) users.set(file, (users.get(file) ?? 0) + 1)
  }

  const removeIfUnused = (file: string): void => {
    if (users.get(file) !== 0 || pack?.file === file) return
    users.delete(file)
    rmSync(path(file), { force: true })
  }

  const closePack = (): void => {
    if (pack === null) return
    const { file, descriptor } = pack
    closeSync(descriptor)
    pack = null
    removeIfUnused(file)
  }

  const openPack = () => {
    const file = randomUUID()
    users.set(file, 0)
    pack = { file, descriptor: openSync(path(file), 'wx'), end: 0 }
    return pack
  }

  return {
    path,
    pack(buffers, size) {
      if (pack !== null && pack.end + size > maxPackBytes) closePack()
      const { file, descriptor, end } = pack ?? openPack()
      if (writevSync(descriptor, buffers, end) !== size) throw new Error('The disk is full.')
      // An empty body takes a byte too: a place in a file names one segment and no other.
      if (pack !== null) pack.end = end + Math.max(size, 1)
      const segment = { file, offset: end, size }
      hold([segment])
      return segment
    },
    newFile: () => randomUUID(),
    adopt(file, size) {
      const segment = { file, offset: 0, size }
      hold([segment])
      return segment
    },
    hold,
    release(segments) {
      for (const { file } of segments) {
        users.set(file, (users.get(file) ?? 1) - 1)
        removeIfUnused(file)
      }
    },
    restore(segments) {
      hold(segments)
      for (const file of readdirSync(directory)) if (!users.has(file)) rmSync(path(file), { force: true })
    },
    close: closePack,
  }
}
