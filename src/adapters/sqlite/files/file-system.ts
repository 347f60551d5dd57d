import { readFileSync, statfsSync, statSync } from 'node:fs'

/**
 * These are the magic numbers of statfs(2) for file systems that live on another machine, where SQLite's locks and
 * fsync mean nothing.
 */
const networkTypes: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x01021997, '9P'],
  [0x47504653, 'GPFS'],
  [0x564c, 'NCP'],
])
const fuse = 0x65735546

/** FUSE carries many file systems. These only wrap a disk of this machine. */
const localFuse = ['fuseblk', 'fuse.fuse-overlayfs', 'fuse.gocryptfs', 'fuse.encfs', 'fuse.cryfs', 'fuse.mergerfs']

/**
 * Returns the name of the network file system that `type` stands for; null when it is none. `fuseName` tells one FUSE
 * file system from another.
 */
export const networkFileSystem = (type: number, fuseName: () => string | null): string | null => {
  // statfs may give the type as a signed 32-bit number.
  const magic = type >>> 0
  if (magic !== fuse) return networkTypes.get(magic) ?? null
  const name = fuseName()
  return name !== null && localFuse.includes(name) ? null : (name ?? 'FUSE')
}

/**
 * Returns the type that /proc/self/mountinfo gives for the mount with the device `dev`; null when the mount is not
 * found.
 */
export const mountedType = (mountinfo: string, dev: number): string | null => {
  // glibc splits Linux' dev_t in this way. Node gives it as one number.
  const major = ((dev >>> 8) & 0xfff) | (Math.floor(dev / 2 ** 32) & ~0xfff)
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00)
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    if (before.split(' ')[2] === `${major}:${minor}`) return after.split(' ')[0] ?? null
  }
  return null
}

/** Returns the name of the network file system below a directory; null when the file system is local. */
export const networkFileSystemOf = (directory: string): string | null =>
  networkFileSystem(statfsSync(directory).type, () => {
    try {
      return mountedType(readFileSync('/proc/self/mountinfo', 'utf8'), statSync(directory).dev)
    } catch {
      return null
    }
  })

/** Returns the size of a file, or 0 where there is none. */
export const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0
