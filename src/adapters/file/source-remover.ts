import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, link, lstat, open, readlink, realpath, rename, unlink } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Fingerprint, RemovalNote } from '../../core/job.js'
import { asideName } from '../../core/removal.js'
import type { RemovalRequest, SourceRemover } from '../../ports/source-remover.js'
import { fingerprintFrom } from './fingerprint.js'
import { placeOf } from './guarded-open.js'
import { isReadable, type Roots } from './roots.js'

const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

const removed: RemovalNote = { state: 'removed', note: null }
const gone: RemovalNote = { state: 'removed', note: 'The source was gone already' }
const kept = (note: string): RemovalNote => ({ state: 'kept', note })

/** What stands at a path, links not followed; null for nothing. */
const look = async (path: string): Promise<BigIntStats | null> => {
  try {
    return await lstat(path, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    throw error
  }
}

const isSame = (stats: BigIntStats, expected: Fingerprint): boolean => {
  const seen = fingerprintFrom(stats)
  return (
    stats.isFile() &&
    seen.dev === expected.dev &&
    seen.ino === expected.ino &&
    seen.size === expected.size &&
    seen.mtimeNs === expected.mtimeNs
  )
}

/** A directory that is held open, so that no link put in its way meanwhile leads elsewhere; null outside the roots. */
const openDirectory = async (
  roots: Roots,
  path: string,
  within: readonly string[] | undefined,
): Promise<{ readonly handle: FileHandle; readonly place: string } | null> => {
  const real = await realpath(dirname(path))
  const handle = await open(real, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  const place = placeOf(handle.fd, real)
  const opened = place === real ? await realpath(real) : await readlink(place)
  if (isReadable(roots, opened, within)) return { handle, place }
  await handle.close()
  return null
}

/** Never over what stands at the path by now: a link is made only where there is nothing. */
const putBack = async (from: string, to: string): Promise<void> => {
  try {
    await link(from, to)
  } catch (error) {
    // File systems without hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error))) throw error
    if ((await look(to)) !== null) throw Object.assign(new Error('it is taken'), { code: 'EEXIST' })
    return rename(from, to)
  }
  await unlink(from)
}

/** The file stands aside, by this run or one before. */
const judgeAside = async (from: string, to: string, { aside, fingerprint }: RemovalRequest): Promise<RemovalNote> => {
  const stats = await look(from)
  if (stats === null) return gone
  try {
    if (isSame(stats, fingerprint)) {
      await unlink(from)
      return removed
    }
    await putBack(from, to)
    return kept('The source is no longer the file that was uploaded')
  } catch (error) {
    return kept(
      `The source stands beside its path as ${aside}: it could not be removed or put back (${errnoOf(error)})`,
    )
  }
}

const removeIn = async (place: string, request: RemovalRequest): Promise<RemovalNote> => {
  const { path, aside, fingerprint } = request
  const at = `${place}/${basename(path)}`
  const apart = `${place}/${aside}`
  if ((await look(apart)) === null) {
    const stats = await look(at)
    if (stats === null) return gone
    if (stats.isSymbolicLink()) return kept('The source is reached by a symbolic link, and links are not followed')
    // Untouched to the last tick: a rename moves ctime, so this is seen before it or never.
    if (!isSame(stats, fingerprint) || stats.ctimeNs.toString() !== fingerprint.ctimeNs) {
      return kept('The source is no longer the file that was uploaded')
    }
    await rename(at, apart)
  }
  return judgeAside(apart, at, request)
}

export const createSourceRemover = (roots: Roots): SourceRemover => ({
  newName: () => asideName(randomBytes(16).toString('hex')),

  async remove(request) {
    try {
      const directory = await openDirectory(roots, request.path, request.within)
      if (directory === null) return kept('The source lies outside the source roots')
      try {
        return await removeIn(directory.place, request)
      } finally {
        await directory.handle.close()
      }
    } catch (error) {
      const errno = errnoOf(error)
      return errno === 'ENOENT' || errno === 'ENOTDIR' ? gone : kept(`The source could not be removed: ${errno}`)
    }
  },
})
