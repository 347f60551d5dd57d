/** From this release on, better-sqlite3 12 can abort the process in a garbage collection (decision 0028). */
const firstUnsafeMajor = 24

/** Returns a sentence that says why the daemon may die on this release of Node.js, or null. */
export const nodeProblem = (version: string): string | null => {
  const major = Number(/^v?(\d+)\./.exec(version)?.[1])
  if (!(major >= firstUnsafeMajor)) return null
  return `better-sqlite3 can abort the process on Node.js ${version}: use Node.js 22`
}
