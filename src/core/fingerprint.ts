import type { Fingerprint } from './job.js'

/**
 * Returns whether one node took both. A fingerprint that names no node was taken by the only one that there was, and
 * what an older daemon stored has no such field.
 */
const areOfOneNode = (a: Fingerprint, b: Fingerprint): boolean => a.node == null || b.node == null || a.node === b.node

/**
 * Returns whether both files may be on one device. Each machine numbers the devices that it mounts, so the numbers of
 * two nodes say nothing about each other.
 */
export const mayBeOneDevice = (a: Fingerprint, b: Fingerprint): boolean => !areOfOneNode(a, b) || a.dev === b.dev

/**
 * Returns whether both are one inode. The server of a network file system numbers the inodes, and all nodes see its
 * numbers. Some file systems of FUSE invent the numbers on each machine. So between two nodes the same ctime says it as
 * well, because no program can set the ctime, unless the file system keeps whole seconds, which many files share.
 */
export const isOneInode = (a: Fingerprint, b: Fingerprint): boolean =>
  a.ino === b.ino || (!areOfOneNode(a, b) && a.ctimeNs === b.ctimeNs && !a.ctimeNs.endsWith('000000000'))

/**
 * Returns whether both are the same file with the same content, as far as that shows. `dev` is not compared, because a
 * remount changes it, and ctime is not, because a chmod changes it. Neither alone makes it another file.
 */
export const isSameFile = (a: Fingerprint, b: Fingerprint): boolean =>
  isOneInode(a, b) && a.size === b.size && a.mtimeNs === b.mtimeNs
