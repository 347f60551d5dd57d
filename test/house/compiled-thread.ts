import { readdirSync, statSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

const newestIn = (directory: string): number =>
  Math.max(
    ...readdirSync(new URL(directory, root), { withFileTypes: true }).map((entry) =>
      entry.isDirectory()
        ? newestIn(`${directory}/${entry.name}`)
        : statSync(new URL(`${directory}/${entry.name}`, root)).mtimeMs,
    ),
  )

/**
 * A worker thread loads JavaScript, so threads are tested as they were compiled. This throws when the file of `dist/`
 * is older than a file in one of these directories, because the test would then try something that no longer exists.
 */
export const compiledThread = (file: string, directories: readonly string[]): URL => {
  const thread = new URL(`dist/${file}`, root)
  const builtAt = statSync(thread, { throwIfNoEntry: false })?.mtimeMs
  if (builtAt === undefined || builtAt < Math.max(...directories.map(newestIn))) {
    throw new Error('dist/ is missing or older than src/: run `npm run build` before the tests of threads')
  }
  return thread
}
