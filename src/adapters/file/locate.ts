import { lstatSync, readlinkSync, type Stats } from 'node:fs'
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
