import { isUtf8 } from 'node:buffer'
import {
  type BigIntStats,
  closeSync,
  constants,
  type Dir,
  type Dirent,
  fstatSync,
  opendirSync,
  openSync,
  realpathSync,
} from 'node:fs'
import { join } from 'node:path'
import type { BatchProblem, BatchProblemCode } from '../../core/batch.js'
import { isAsideName } from '../../core/removal.js'
import type { FoundFile, WalkRequest } from '../../ports/directory-walker.js'
import { fingerprintFrom } from './fingerprint.js'
import { createGlobFilter } from './glob-filter.js'
import { descriptorPath, openFlags, openGuarded } from './guarded-open.js'
import { isReadable, type Roots } from './roots.js'
import { errnoOf, inWords, outsideText, reasonOfSync } from './unavailable.js'

export type WalkItem =
  | { readonly kind: 'file'; readonly file: FoundFile }
  | { readonly kind: 'problem'; readonly problem: BatchProblem }

/** A level is a directory that the walk stands in. Its entries are read as they come, however many there are. */
interface Level {
  readonly fd: number
  readonly entries: Dir
  readonly path: string
  /** The path below the directory of the walk is empty or ends with a slash. */
  readonly below: string
  /** The identity says which directory this is, whatever its name is. */
  readonly identity: string
}

const entriesAtOnce = 256

/** These errors are not caused by the file, and a later try may succeed. */
const shortages: readonly string[] = ['EMFILE', 'ENFILE', 'ENOMEM']

const rethrowShortage = (error: unknown): void => {
  if (shortages.includes(errnoOf(error))) throw error
}

const problem = (path: string, code: BatchProblemCode, message: string): WalkItem => ({
  kind: 'problem',
  problem: { path, code, message, jobId: null },
})

/** Returns a name to show. Two different names that are not UTF-8 stay different. */
const shownName = (name: Buffer): string =>
  name.toString('latin1').replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)

/**
 * Walks a tree depth first and synchronously, for a thread of its own. Everything is reached through the descriptor of
 * the directory that the walk stands in, and every directory is checked after it was opened, so no race leads out of
 * the roots. The walk closes what it holds open when it is left early. `onEntry` is called for each entry, including
 * entries that are passed over. The fingerprints are taken by `node`.
 */
export function* walkDirectory(
  request: WalkRequest,
  roots: Roots,
  onEntry = (): void => {},
  node: string | null = null,
): Generator<WalkItem, void> {
  const filter = createGlobFilter(request.include, request.exclude)
  const levels: Level[] = []
  const mayRead = (realPath: string): boolean => isReadable(roots, realPath, request.within)

  const fileItem = (path: string, relative: string, stats: BigIntStats): WalkItem => ({
    kind: 'file',
    file: { path, relative, fingerprint: fingerprintFrom(stats, node) },
  })

  const reasonWhy = (path: string, wanted: 'file' | 'directory', error: unknown): string => {
    const errno = error === null ? null : errnoOf(error)
    return reasonOfSync({ path, wanted, errno, roots, within: request.within }) ?? outsideText
  }

  const refused = (path: string, error: unknown): WalkItem =>
    problem(path, 'source_unavailable', `The link cannot be followed: ${reasonWhy(path, 'file', error)}`)

  const leave = (): void => {
    const level = levels.pop()
    if (level === undefined) return
    level.entries.closeSync()
    closeSync(level.fd)
  }

  /** Enters a directory, unless the walk stands in it already or jobs may not read it. */
  const enter = (at: string, path: string, below: string): void => {
    const opened = openGuarded(at, openFlags | constants.O_DIRECTORY, mayRead)
    if (opened === null) return
    const identity = `${opened.stats.dev}:${opened.stats.ino}`
    if (levels.some((level) => level.identity === identity)) {
      closeSync(opened.fd)
      return
    }
    try {
      // The types do not know here that names can be bytes.
      const encoding = 'buffer' as BufferEncoding
      const entries = opendirSync(descriptorPath(opened.fd, path), { encoding, bufferSize: entriesAtOnce })
      levels.push({ fd: opened.fd, entries, path, below, identity })
    } catch (error) {
      closeSync(opened.fd)
      throw error
    }
  }

  const enterAt = function* (at: string, path: string, below: string): Generator<WalkItem, void> {
    try {
      enter(at, path, below)
    } catch (error) {
      rethrowShortage(error)
      // The directory went away, or became something else, while we walked.
      if (levels.length > 0 && ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error))) return
      yield problem(path, 'directory_unreadable', `The directory cannot be read: ${inWords(errnoOf(error))}`)
    }
  }

  const takeFile = function* (at: string, path: string, relative: string): Generator<WalkItem, void> {
    try {
      const fd = openSync(at, openFlags)
      try {
        const stats = fstatSync(fd, { bigint: true })
        if (stats.isFile()) yield fileItem(path, relative, stats)
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      rethrowShortage(error)
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return
      yield problem(path, 'source_unavailable', `The file cannot be read: ${inWords(errnoOf(error))}`)
    }
  }

  const follow = function* (path: string, relative: string): Generator<WalkItem, void> {
    try {
      const real = realpathSync(path)
      const opened = mayRead(real) ? openGuarded(real, openFlags, mayRead) : null
      if (opened === null) {
        if (filter.takesFile(relative)) yield refused(path, null)
        return
      }
      closeSync(opened.fd)
      if (opened.stats.isDirectory() && filter.entersDirectory(relative)) yield* enterAt(real, path, `${relative}/`)
      else if (opened.stats.isFile() && filter.takesFile(relative)) yield fileItem(path, relative, opened.stats)
    } catch (error) {
      rethrowShortage(error)
      // A device or a socket cannot be opened, and is passed over.
      if (errnoOf(error) !== 'ENXIO' && filter.takesFile(relative)) yield refused(path, error)
    }
  }

  const visit = function* (level: Level, entry: Dirent): Generator<WalkItem, void> {
    const bytes = entry.name as unknown as Buffer
    const isDirectory = entry.isDirectory()
    const isLink = entry.isSymbolicLink() && request.followSymlinks
    if (!isDirectory && !isLink && !entry.isFile()) return
    if (!isUtf8(bytes))
      return yield problem(join(level.path, shownName(bytes)), 'name_not_utf8', 'The name is not UTF-8')
    const name = bytes.toString()
    if (isAsideName(name)) return
    const path = join(level.path, name)
    const relative = level.below + name
    const at = `${descriptorPath(level.fd, level.path)}/${name}`
    if (isLink) yield* follow(path, relative)
    else if (isDirectory && filter.entersDirectory(relative)) yield* enterAt(at, path, `${relative}/`)
    else if (!isDirectory && filter.takesFile(relative)) yield* takeFile(at, path, relative)
  }

  const nextEntry = function* (level: Level): Generator<WalkItem, Dirent | null> {
    try {
      return level.entries.readSync()
    } catch (error) {
      yield problem(
        level.path,
        'directory_unreadable',
        `The directory cannot be read to its end: ${inWords(errnoOf(error))}`,
      )
      return null
    }
  }

  const unreadable = (error: unknown): WalkItem => {
    const reason = reasonWhy(request.dir, 'directory', error)
    return problem(request.dir, 'directory_unreadable', `The directory cannot be read: ${reason}`)
  }

  const begin = function* (): Generator<WalkItem, void> {
    let real: string
    try {
      real = realpathSync(request.dir)
    } catch (error) {
      return yield unreadable(error)
    }
    if (mayRead(real)) yield* enterAt(real, request.dir, '')
    else yield unreadable(null)
  }

  try {
    yield* begin()
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const entry = yield* nextEntry(level)
      onEntry()
      if (entry === null) leave()
      else yield* visit(level, entry)
    }
  } finally {
    while (levels.length > 0) leave()
  }
}
