import { readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

/**
 * The map holds, for each mount point, whether every file system that is mounted there is on this machine's disks or in
 * its memory.
 */
export type Mounts = ReadonlyMap<string, boolean>

/**
 * A file system that is not in this list (NFS, FUSE, autofs and so on) may hang with a network or with another process.
 */
const localTypes: ReadonlySet<string> = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'tmpfs',
  'ramfs',
  'rootfs',
  'overlay',
  'zfs',
  'f2fs',
  'bcachefs',
  'erofs',
  'exfat',
  'iso9660',
  'jfs',
  'nilfs2',
  'ntfs3',
  'squashfs',
  'udf',
  'vfat',
])

/** The table may be this old. Reading it costs as much as a few looks at a file, and it never hangs. */
const mostAgeMs = 20

/** Returns the plain name. The table writes a space, a tab, a line break and a backslash as octal numbers. */
const plainName = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))

/** Parses the text of /proc/self/mountinfo. */
export const parseMounts = (text: string): Mounts => {
  const mounts = new Map<string, boolean>()
  for (const line of text.split('\n')) {
    const fields = line.split(' ')
    const [point, type] = [fields[4], fields[fields.indexOf('-', 6) + 1]]
    if (point === undefined || type === undefined) continue
    const name = plainName(point)
    // Several mounts may lie on one point. Which one is on top does not matter as long as all are local.
    mounts.set(name, (mounts.get(name) ?? true) && localTypes.has(type))
  }
  return mounts
}

const readMountInfo = (): string => {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8')
  } catch {
    // This system is not Linux, so nothing is known to be local.
    return ''
  }
}

/** Returns a function that returns the mounts of this moment. */
export const createMountTable = (read: () => string = readMountInfo, now = (): number => performance.now()) => {
  let text = ''
  let mounts: Mounts = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  return (): Mounts => {
    if (now() - readAt < mostAgeMs) return mounts
    const latest = read()
    readAt = now()
    if (latest !== text) mounts = parseMounts(latest)
    text = latest
    return mounts
  }
}
