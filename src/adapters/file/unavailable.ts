import type { BigIntStats } from 'node:fs'
import { lstatSync, readlinkSync } from 'node:fs'
import { isWithin } from '../../core/directory.js'
import { Failure } from '../../core/failure.js'
import type { FileCalls } from './file-calls.js'
import { isReadable, type Roots } from './roots.js'

/**
 * A refusal asks why a path cannot be read. The answer must tell nothing about what lies outside the roots. So the path
 * is followed once more, name by name, and the reason is given only when every name and link on the way stays below the
 * roots.
 */

export interface Refusal {
  /** The path is absolute, as the caller gave it. */
  readonly path: string
  readonly wanted: 'file' | 'directory'
  /** This is how opening failed. It is null when the path was opened and is something else than was wanted. */
  readonly errno: string | null
  readonly roots: Roots
  /** These real paths narrow the roots. */
  readonly within?: readonly string[] | undefined
}

/** This is the one text for everything that lies elsewhere. */
export const outsideText = 'it lies outside the source roots, or is a link that leads out of them'

export const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

const words: Readonly<Record<string, string>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  ELOOP: 'a loop of links',
  EISDIR: 'is a directory',
  ENXIO: 'is not a regular file',
  ENODEV: 'is not a regular file',
  ENAMETOOLONG: 'the name is too long',
  ESTALE: 'was replaced while it was opened',
  EIO: 'its disk failed (EIO)',
  EMFILE: 'this daemon has no descriptors left (EMFILE)',
  ENFILE: 'this machine has no descriptors left (ENFILE)',
}

/** Returns what an error of the file system means for the source, in words that a person would use. */
export const inWords = (errno: string): string =>
  errno === 'EACCES' || errno === 'EPERM'
    ? `permission denied for uid ${process.geteuid?.() ?? 'unknown'}`
    : (words[errno] ?? errno)

/** Linux follows this many links too. */
const mostLinks = 40

type Question = { readonly ask: 'lstat' | 'readlink'; readonly path: string }
type Seen = Pick<BigIntStats, 'isSymbolicLink' | 'isDirectory' | 'isFile'>
type Answer =
  | { readonly is: 'seen'; readonly stats: Seen }
  | { readonly is: 'link'; readonly target: string }
  | { readonly is: 'error'; readonly errno: string }

const namesOf = (path: string): readonly string[] => path.split('/').filter((name) => name !== '' && name !== '.')

/** Returns the directories that may be read at all: the roots, narrowed. */
const basesOf = ({ allowed }: Roots, within: readonly string[] | undefined): readonly string[] =>
  within === undefined
    ? allowed
    : allowed.flatMap((root) =>
        within.flatMap((narrow) => (isWithin(root, narrow) ? [narrow] : isWithin(narrow, root) ? [root] : [])),
      )

interface Start {
  readonly at: string
  readonly names: readonly string[]
}

/**
 * Returns the directory below which an absolute path begins, with the names that lead on from there. It is null outside
 * the roots.
 */
const startOf = (path: string, { roots, within }: Refusal): Start | null => {
  const plain = `/${namesOf(path).join('/')}`
  const given = roots.spelled?.find(({ as }) => isWithin(as, plain))
  const real = given === undefined ? plain : given.real + plain.slice(given.as.length)
  const at = basesOf(roots, within).find((base) => isWithin(base, real))
  return at === undefined ? null : { at, names: namesOf(real.slice(at.length)) }
}

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')))

/** Returns what is wrong with the entry at the end of a path that was followed to its end. */
const judge = (stats: Seen, { wanted, errno }: Refusal): string => {
  if (wanted === 'directory' && !stats.isDirectory()) return 'is not a directory'
  if (wanted === 'file' && stats.isDirectory()) return 'is a directory'
  if (wanted === 'file' && !stats.isFile()) return 'is not a regular file'
  return errno === null ? 'was replaced while it was opened' : inWords(errno)
}

/** Asks for one look after the other and returns the reason, or null where the reason must not be told. */
function* follow(refusal: Refusal): Generator<Question, string | null, Answer> {
  const mayTell = (path: string): boolean => isReadable(refusal.roots, path, refusal.within)
  const begin = startOf(refusal.path, refusal)
  if (begin === null) return null
  const asked = [begin.at, ...begin.names].join('/')
  const failed = (errno: string, at: string): string => {
    if (at === asked) return inWords(errno)
    return inWords(errno) === 'absent' ? `absent: there is no ${at}` : `${inWords(errno)} (at ${at})`
  }
  const names = [...begin.names].reverse()
  let { at } = begin
  for (let links = 0; ; ) {
    if (!mayTell(at)) return null
    const name = names.pop()
    if (name === '..') {
      at = parentOf(at)
      continue
    }
    const next = name === undefined ? at : `${at}/${name}`
    if (!mayTell(next)) return null
    const found = yield { ask: 'lstat', path: next }
    if (found.is === 'error') return failed(found.errno, next)
    if (found.is === 'link') return null
    if (name === undefined) return judge(found.stats, refusal)
    if (!found.stats.isSymbolicLink()) {
      if (names.length > 0 && !found.stats.isDirectory()) return `${next} is not a directory`
      at = next
      continue
    }
    links += 1
    if (links > mostLinks) return inWords('ELOOP')
    const link = yield { ask: 'readlink', path: next }
    if (link.is === 'error') return failed(link.errno, next)
    if (link.is === 'seen') return null
    const on = link.target.startsWith('/') ? startOf(link.target, refusal) : { at, names: namesOf(link.target) }
    if (on === null) return null
    at = on.at
    names.push(...[...on.names].reverse())
  }
}

/**
 * Returns the reason of a refusal, found with calls that never hold up this thread. Null means that only `outsideText`
 * may be told.
 */
export const reasonOf = async (
  refusal: Refusal,
  callsFor: (path: string) => Promise<FileCalls>,
): Promise<string | null> => {
  const look = async ({ ask, path }: Question): Promise<Answer> => {
    try {
      const calls = await callsFor(path)
      if (ask === 'lstat') return { is: 'seen', stats: await calls.lstat(path) }
      return { is: 'link', target: await calls.readlink(path) }
    } catch (error) {
      if (error instanceof Failure) throw error
      return { is: 'error', errno: errnoOf(error) }
    }
  }
  try {
    const steps = follow(refusal)
    let step = steps.next()
    while (step.done !== true) step = steps.next(await look(step.value))
    return step.value
  } catch {
    // The file system of the path does not answer now.
    return null
  }
}

/** Returns the same, with calls on the walk's own thread. */
export const reasonOfSync = (refusal: Refusal): string | null => {
  const look = ({ ask, path }: Question): Answer => {
    try {
      if (ask === 'lstat') return { is: 'seen', stats: lstatSync(path, { bigint: true }) }
      return { is: 'link', target: readlinkSync(path) }
    } catch (error) {
      return { is: 'error', errno: errnoOf(error) }
    }
  }
  const steps = follow(refusal)
  let step = steps.next()
  while (step.done !== true) step = steps.next(look(step.value))
  return step.value
}
