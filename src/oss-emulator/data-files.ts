import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** The files that hold the bytes of parts and objects. They are written once, under a name nobody knows yet. */
export interface DataFiles {
  /** A new name. The file is the caller's to write, and to remove if it never becomes part of anything. */
  newName(): string
  path(name: string): string
  /** Removes files, those being read when their last reader is done. */
  remove(names: readonly string[]): void
  /** Keeps files from vanishing under a reader. Call the result once. */
  hold(names: readonly string[]): () => void
  /** Removes every file that is not in `known`: what killed requests left behind. */
  removeUnknown(known: ReadonlySet<string>): void
}

export const openDataFiles = (directory: string): DataFiles => {
  mkdirSync(directory, { recursive: true })
  const readers = new Map<string, number>()
  const doomed = new Set<string>()
  const path = (name: string): string => join(directory, name)
  const unlink = (name: string): void => rmSync(path(name), { force: true })

  return {
    newName: () => randomUUID(),
    path,
    remove(names) {
      for (const name of names) {
        if (readers.has(name)) doomed.add(name)
        else unlink(name)
      }
    },
    hold(names) {
      for (const name of names) readers.set(name, (readers.get(name) ?? 0) + 1)
      return () => {
        for (const name of names) {
          const left = (readers.get(name) ?? 1) - 1
          if (left > 0) readers.set(name, left)
          else readers.delete(name)
          if (left === 0 && doomed.delete(name)) unlink(name)
        }
      }
    },
    removeUnknown(known) {
      for (const name of readdirSync(directory)) if (!known.has(name)) unlink(name)
    },
  }
}
