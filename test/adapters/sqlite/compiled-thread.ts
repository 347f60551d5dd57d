import { readdirSync, statSync } from 'node:fs'

const root = new URL('../../../', import.meta.url)

const newestIn = (directory: string): number =>
  Math.max(
    ...readdirSync(new URL(directory, root), { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(new URL(`${directory}/${entry.name}`, root)).mtimeMs),
  )

/**
 * A worker thread loads JavaScript, so the store's thread is tested as it was compiled. Throws when that is older than its
 * source, for the test would then try something that is not there any more.
 */
export const compiledThread = (): URL => {
  const thread = new URL('dist/adapters/sqlite/store-thread.js', root)
  const builtAt = statSync(thread, { throwIfNoEntry: false })?.mtimeMs
  const changedAt = Math.max(newestIn('src/adapters/sqlite'), newestIn('src/core'))
  if (builtAt === undefined || builtAt < changedAt) {
    throw new Error('dist/ is missing or older than src/: run `npm run build` before the tests of the SQLite store')
  }
  return thread
}
