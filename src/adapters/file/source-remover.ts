import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure, sourceStalled } from '../../core/failure.js'
import { isSameFile, mayBeOneDevice } from '../../core/fingerprint.js'
import type { RemovalNote } from '../../core/job.js'
import { asideName } from '../../core/removal.js'
import type { RemovalRequest, SourceRemover } from '../../ports/source-remover.js'
import { type CallsByPath, createCallsByPath, type DirectoryCalls } from './file-calls.js'
import { fingerprintFrom } from './fingerprint.js'
import { descriptorPath } from './guarded-open.js'
import { isReadable, type Roots } from './roots.js'

/** This is a request, with the node that carries it out. */
type SeenBy = RemovalRequest & { readonly node: string | null }

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

const removed: RemovalNote = { state: 'removed', note: null }
const gone: RemovalNote = { state: 'removed', note: 'The source was already gone' }
const kept = (note: string): RemovalNote => ({ state: 'kept', note })

/** Returns what stands at a path without following links, or null when nothing stands there. */
const look = async (calls: DirectoryCalls, path: string): Promise<BigIntStats | null> => {
  try {
    return await calls.lstat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Returns whether what stands there is the file that was uploaded. It must be on the same device too. */
const isUploaded = (stats: BigIntStats, { fingerprint, node }: SeenBy): boolean => {
  const seen = fingerprintFrom(stats, node)
  return stats.isFile() && isSameFile(fingerprint, seen) && mayBeOneDevice(fingerprint, seen)
}

/**
 * Returns a directory that is held open, so that no link that is put in its way meanwhile leads elsewhere. It is null
 * outside the roots.
 */
const openDirectory = async (
  calls: DirectoryCalls,
  roots: Roots,
  { path, within }: RemovalRequest,
): Promise<{ readonly fd: number; readonly byDescriptor: string } | null> => {
  const real = await calls.realpath(dirname(path))
  const fd = await calls.open(real, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    const byDescriptor = descriptorPath(fd, real)
    const opened = byDescriptor === real ? await calls.realpath(real) : await calls.readlink(byDescriptor)
    if (isReadable(roots, opened, within)) return { fd, byDescriptor }
  } catch (error) {
    await calls.close(fd)
    throw error
  }
  await calls.close(fd)
  return null
}

/** Moves the file back, but never over what stands at the path by now: a link is made only where there is nothing. */
const putBack = async (calls: DirectoryCalls, from: string, to: string): Promise<void> => {
  try {
    await calls.link(from, to)
  } catch (error) {
    // Some file systems have no hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error))) throw error
    if ((await look(calls, to)) !== null) throw Object.assign(new Error('it is taken'), { code: 'EEXIST' })
    return calls.rename(from, to)
  }
  await calls.unlink(from)
}

/** Decides about a file that this run or an earlier one moved aside. */
const judgeAside = async (calls: DirectoryCalls, from: string, to: string, request: SeenBy): Promise<RemovalNote> => {
  const stats = await look(calls, from)
  if (stats === null) return gone
  try {
    if (isUploaded(stats, request)) {
      await calls.unlink(from)
      return removed
    }
    await putBack(calls, from, to)
    return kept('The source is no longer the file that was uploaded')
  } catch (error) {
    if (error instanceof Failure) throw error
    return kept(
      `The source is now beside its path, as ${request.aside}: it could not be removed or put back (${errnoOf(error)})`,
    )
  }
}

const removeIn = async (calls: DirectoryCalls, byDescriptor: string, request: SeenBy): Promise<RemovalNote> => {
  const { path, aside, fingerprint } = request
  const at = `${byDescriptor}/${basename(path)}`
  const apart = `${byDescriptor}/${aside}`
  if ((await look(calls, apart)) === null) {
    const stats = await look(calls, at)
    if (stats === null) return gone
    if (stats.isSymbolicLink()) return kept('The source is reached by a symbolic link, and links are not followed')
    // The file must be untouched to the last tick of ctime. A rename moves ctime, so this can only be seen before the
    // rename.
    if (!isUploaded(stats, request) || stats.ctimeNs.toString() !== fingerprint.ctimeNs) {
      return kept('The source is no longer the file that was uploaded')
    }
    await calls.rename(at, apart)
  }
  return judgeAside(calls, apart, at, request)
}

const removeWhole = async (calls: DirectoryCalls, roots: Roots, request: SeenBy): Promise<RemovalNote> => {
  try {
    const directory = await openDirectory(calls, roots, request)
    if (directory === null) return kept('The source lies outside the source roots')
    try {
      return await removeIn(calls, directory.byDescriptor, request)
    } finally {
      await calls.close(directory.fd).catch(() => {})
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    const errno = errnoOf(error)
    return errno === 'ENOENT' || errno === 'ENOTDIR' ? gone : kept(`The source could not be removed: ${errno}`)
  }
}

const inTime = async <T>(work: Promise<T>, ms: number): Promise<T | 'late'> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Returns a remover of sources, which looks at them as `node`. A removal that has begun goes on by itself, because a rename that hangs may take effect
 * long after its run was told that it is stalled. The next run of the job waits for the same removal.
 */
export const createSourceRemover = (
  roots: Roots,
  callsFor: Pick<CallsByPath, 'forChanges' | 'patienceMs'> = createCallsByPath(),
  node: string | null = null,
): SourceRemover => {
  const underWay = new Map<string, Promise<RemovalNote>>()
  return {
    newName: () => asideName(randomBytes(16).toString('hex')),

    async remove(request) {
      const { aside, path } = request
      const whole = underWay.get(aside) ?? removeWhole(callsFor.forChanges(dirname(path)), roots, { ...request, node })
      underWay.set(aside, whole)
      try {
        const note = await inTime(whole, callsFor.patienceMs())
        if (note === 'late') throw sourceStalled()
        underWay.delete(aside)
        return note
      } catch (error) {
        // A removal that was given up before it changed anything is begun anew.
        whole.catch(() => underWay.delete(aside))
        throw error
      }
    },
  }
}
