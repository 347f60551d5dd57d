import type { BigIntStats } from 'node:fs'
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
