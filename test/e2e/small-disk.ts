import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** This is a file system of its own, so small that a test can fill it. */
export interface SmallDisk {
  /** Takes every byte that is left. */
  fill(): void
  free(): void
  /** Makes it read-only. Nothing on it may be open for writing then. */
  makeReadOnly(): void
  /** Unmounts it, also while a process still uses it. */
  unmount(): void
}

/** Blocks of these sizes fill the disk fast, and then to its last page. */
const blockSizes = [256 * 1024, 4096, 1]

/** Mounts a tmpfs. This needs the right to mount, because a full disk cannot be played on a disk that others use. */
export const mountSmallDisk = (path: string, sizeBytes: number): SmallDisk => {
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'longshore-test', path])
  const filler = join(path, 'filler')
  return {
    fill() {
      const fd = openSync(filler, 'a')
      for (const size of blockSizes) {
        try {
          for (;;) writeSync(fd, Buffer.alloc(size, 1))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
      closeSync(fd)
    },
    free: () => rmSync(filler),
    makeReadOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
    unmount: () => void execFileSync('umount', ['-l', path]),
  }
}
