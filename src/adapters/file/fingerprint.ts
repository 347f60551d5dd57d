import type { BigIntStats } from 'node:fs'
import type { Fingerprint } from '../../core/job.js'

export const fingerprintFrom = (stats: BigIntStats): Fingerprint => ({
  dev: stats.dev.toString(),
  ino: stats.ino.toString(),
  size: Number(stats.size),
  mtimeNs: stats.mtimeNs.toString(),
  ctimeNs: stats.ctimeNs.toString(),
})
