import type { BigIntStats } from 'node:fs'
import { performance } from 'node:perf_hooks'
import type { Fingerprint } from '../../core/job.js'

/** Returns the fingerprint of a file as `node` sees it. Null is the only node that there is. */
export const fingerprintFrom = (stats: BigIntStats, node: string | null = null): Fingerprint => ({
  node,
  dev: stats.dev.toString(),
  ino: stats.ino.toString(),
  size: Number(stats.size),
  mtimeNs: stats.mtimeNs.toString(),
  ctimeNs: stats.ctimeNs.toString(),
})

/** So many files are remembered. Each takes about 150 bytes. One that was forgotten is looked at for as long again. */
const mostLooks = 32_768

/**
 * Returns for how many milliseconds this process has seen a file just so, which is 0 at the first look. Only monotonic
 * time counts.
 */
export type FirstLooks = (seen: Fingerprint) => number

/**
 * Remembers when this process first saw each file as it is, for file systems whose times are of another machine's
 * clock.
 */
export const createFirstLooks = (now = (): number => performance.now(), most = mostLooks): FirstLooks => {
  const since = new Map<string, number>()
  return ({ dev, ino, size, mtimeNs, ctimeNs }) => {
    const name = `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`
    const first = since.get(name)
    if (first !== undefined) return now() - first
    since.set(name, now())
    for (const oldest of since.keys()) {
      if (since.size <= most) break
      since.delete(oldest)
    }
    return 0
  }
}
