import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Mounts } from './mount-table.js'

/**
 * A path leads either to a local file, which has only local file systems on the way to it, or into a mount that may
 * hang.
 */
export type Location =
  | { readonly is: 'local'; readonly realPath: string }
  | { readonly is: 'elsewhere'; readonly mount: string }

/** These looks are made on local file systems only. */
export interface LocalLooks {
  lstat(path: string): Pick<Stats, 'isSymbolicLink' | 'isDirectory'>
  readlink(path: string): string
}

const systemLooks: LocalLooks = { lstat: (path) => lstatSync(path), readlink: (path) => readlinkSync(path) }

/** Linux follows this many links too. */
const mostLinks = 40

const errno = (code: string): Error => Object.assign(new Error(code), { code })

/**
 * Resolves a path as realpath does, name by name, and stops where the next look would touch a file system that is not
 * local. So it never hangs, wherever links lead and whatever is mounted meanwhile. It fails as the system calls do.
 */
export const locate = (path: string, mounts: Mounts, looks: LocalLooks = systemLooks): Location => {
  if (mounts.get('/') !== true || !path.startsWith('/')) return { is: 'elsewhere', mount: '/' }
  const names = path.split('/').reverse()
  let at = ''
  for (let links = 0; names.length > 0; ) {
    const name = names.pop()
    if (name === undefined || name === '' || name === '.') continue
    if (name === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')))
      continue
    }
    const next = `${at}/${name}`
    if (mounts.get(next) === false) return { is: 'elsewhere', mount: next }
    const stats = looks.lstat(next)
    if (stats.isSymbolicLink()) {
      links += 1
      if (links > mostLinks) throw errno('ELOOP')
      const target = looks.readlink(next)
      if (target.startsWith('/')) at = ''
      names.push(...target.split('/').reverse())
      continue
    }
    if (names.length > 0 && !stats.isDirectory()) throw errno('ENOTDIR')
    at = next
  }
  return { is: 'local', realPath: at === '' ? '/' : at }
}

/** What was seen of a directory is believed for so long, as the table of mounts is. */
const mostAgeMs = 20

/**
 * Returns `locate` with a short memory: it does not walk again to a directory to which it has just walked without meeting
 * a link. A file in it is still looked at each time. When such a directory is replaced meanwhile, the path leads where the
 * kernel says, as it may at any moment between a look and an open.
 */
export const createLocate = (
  looks: LocalLooks = systemLooks,
  now = (): number => performance.now(),
): ((path: string, mounts: Mounts) => Location) => {
  /** Directories that are their own real paths. */
  const plain = new Set<string>()
  let seenIn: Mounts | null = null
  let seenAt = Number.NEGATIVE_INFINITY

  return (path, mounts) => {
    if (mounts !== seenIn || now() - seenAt >= mostAgeMs) {
      plain.clear()
      seenIn = mounts
      seenAt = now()
    }
    const end = path.lastIndexOf('/')
    const directory = path.slice(0, end)
    const name = path.slice(end + 1)
    if (plain.has(directory) && name !== '' && name !== '.' && name !== '..') {
      if (mounts.get(path) === false) return { is: 'elsewhere', mount: path }
      if (!looks.lstat(path).isSymbolicLink()) return { is: 'local', realPath: path }
    }
    const location = locate(path, mounts, looks)
    if (location.is === 'local' && location.realPath === path && directory !== '') plain.add(directory)
    return location
  }
}
