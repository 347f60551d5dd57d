import { createGlobFilter } from '../../src/adapters/file/glob-filter.js'
import { Failure } from '../../src/core/failure.js'
import type { DirectoryWalker, WalkedChunk } from '../../src/ports/directory-walker.js'
import { fingerprintOf, type MemoryFiles } from './memory-source.js'

export interface MemoryWalker extends DirectoryWalker {
  /** These are the chunks that all walks have given out. */
  readonly given: WalkedChunk[]
  /** This is called before each chunk, and the walk waits for it. */
  before: () => Promise<void>
}

/**
 * Creates a walker over a file system of buffers, which gives `size` files a chunk. Patterns mean what they mean to the
 * real walker. There are no links.
 */
export const createMemoryWalker = (files: MemoryFiles, size = 2): MemoryWalker => {
  const below = (dir: string) => [...files.files].filter(([path]) => path.startsWith(`${dir}/`))
  const walker: MemoryWalker = {
    given: [],
    before: async () => {},
    async check(dir) {
      if (below(dir).length === 0) throw new Failure('permanent', 'There is no such directory')
    },
    async *walk({ dir, include, exclude }, signal) {
      const filter = createGlobFilter(include, exclude)
      const all = below(dir).map(([path, file]) => ({
        path,
        relative: path.slice(dir.length + 1),
        fingerprint: fingerprintOf(file),
      }))
      const found = all.filter(({ relative }) => filter.takesFile(relative))
      for (let from = 0; from < found.length; from += size) {
        await walker.before()
        signal.throwIfAborted()
        const chunk = { files: found.slice(from, from + size), problems: [] }
        walker.given.push(chunk)
        yield chunk
      }
    },
  }
  return walker
}
