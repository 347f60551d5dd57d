import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writevSync } from 'node:fs'
import { join } from 'node:path'
import type { Segment } from './stored.js'

/**
 * Manages the files that hold the bytes of parts and objects. Each big body has a file of its own. Small bodies share
 * pack files, because making a file costs more than the rest of a small request. Bytes are written once and never
 * moved. A file is counted by its segments, and is removed when the last of them is released.
 */
export interface DataFiles {
  path(file: string): string
  /** Stores a small body. The segment belongs to the caller, who gives it to an object or part, or releases it. */
  pack(buffers: readonly Buffer[], size: number): Segment
  /** Returns a name for a big body. The caller owns the file and writes it. */
  newFile(): string
  /** Takes a file that the caller has written, as one segment. The segment belongs to the caller. */
  adopt(file: string, size: number): Segment
  /** Adds one user, such as a reader, to each of these segments. */
  hold(segments: readonly Segment[]): void
  /** Takes one user away from each of these segments. */
  release(segments: readonly Segment[]): void
  /** Is called at the start: these segments have one user each, and files without any segment are removed. */
  restore(segments: Iterable<Segment>): void
  close(): void
}

/** A pack is removed only when its last segment is, so it must not grow forever. */
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
      // An empty body takes one byte too, because a position in a file must name exactly one segment.
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
