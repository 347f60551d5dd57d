import type { Target, Targets } from '../../../ports/target.js'
import { createOssTarget, type OssTargetDeps } from './oss-target.js'

/** Keeps one target for each endpoint and region that jobs were accepted for. Usually there is one. */
export const createOssTargets = (deps: Omit<OssTargetDeps, 'endpoint' | 'region'>): Targets => {
  const targets = new Map<string, Target>()
  return {
    for({ endpoint, region }) {
      const name = `${endpoint} ${region}`
      const known = targets.get(name)
      if (known !== undefined) return known
      const target = createOssTarget({ ...deps, endpoint: new URL(endpoint), region })
      targets.set(name, target)
      return target
    },
    async close() {
      await Promise.all([...targets.values()].map((target) => target.close()))
    },
  }
}
