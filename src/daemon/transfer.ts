import { keySourceOf } from '../adapters/credentials/key-source-of.js'
import { createRefreshingCredentials } from '../adapters/credentials/refreshing-credentials.js'
import { createDirectoryWalker } from '../adapters/file/directory-walker.js'
import { createCallsByPath } from '../adapters/file/file-calls.js'
import { createFileSources } from '../adapters/file/file-source.js'
import { createFirstLooks } from '../adapters/file/fingerprint.js'
import type { Roots } from '../adapters/file/roots.js'
import { createSourceRemover } from '../adapters/file/source-remover.js'
import { beginThread } from '../adapters/heap/heap-flags.js'
import type { PinoLogger } from '../adapters/log/pino-logger.js'
import { createOssTargets } from '../adapters/oss/api/oss-targets.js'
import { type Lanes, startLanes } from '../adapters/oss/lanes/lanes.js'
import { createSharedPacer } from '../adapters/oss/lanes/shared-pacer.js'
import { createNetwork } from '../adapters/oss/wire/network.js'
import type { Config } from '../config/config.js'
import { mostConcurrency } from '../core/settings.js'
import type { Lifetime } from '../engine/async/lifetime.js'
import type { EnginePorts } from '../engine/compose.js'
import type { LaneThreadData } from './lane.js'

/** Ends the process with this code and this sentence, because the daemon cannot go on. */
export type OnFatal = (failure: { readonly exitCode: number; readonly message: string }) => void

const rootsOf = ({ sourceRoots, dataDir, spelledRoots }: Config): Roots => ({
  allowed: sourceRoots,
  forbidden: [dataDir],
  spelled: spelledRoots,
})

/** This share of libuv's threads reads bytes. The others are for opening files and for all other work. */
const readShare = 0.75

/** Starts the threads that read and send, with the pace that all of them share. */
export const startDataPath = (
  config: Config,
  life: Lifetime,
  logger: PinoLogger,
  onFatal: OnFatal,
): { readonly lanes: Lanes; readonly pacer: EnginePorts['pacer'] } => {
  const pacer = createSharedPacer()
  const lanes = startLanes({
    count: config.lanes,
    nice: config.laneNice,
    network: config.oss.network,
    pace: pacer.memory,
    readThreads: Math.floor(config.poolThreads * readShare),
    logger,
    threadUrl: new URL('./lane.js', import.meta.url),
    threadData: { roots: rootsOf(config) } satisfies LaneThreadData,
    beginThread,
    onFatal,
  })
  return { lanes: life.own(lanes, () => lanes.close()), pacer }
}

/** These are the calls to file systems beside reading bytes. */
export interface OpenFiles {
  /** From now on calls that hang are given up sooner, because the daemon is ending. */
  hurry(): void
  /** Returns whether a thread hangs in a file system that does not answer. */
  areHeldUp(): boolean
}

/** Makes the way of the bytes, from the files below the roots to OSS. */
export const createTransfer = (
  config: Config,
  life: Lifetime,
  lanes: Lanes,
  common: Pick<EnginePorts, 'clock' | 'random' | 'wakeup'> & { readonly logger: (component: string) => PinoLogger },
): {
  readonly ports: Pick<EnginePorts, 'targets' | 'sources' | 'remover' | 'walker' | 'keys' | 'lanes'>
  readonly files: OpenFiles
} => {
  const { clock, random, wakeup, logger } = common
  const keys = createRefreshingCredentials({
    source: keySourceOf(config.oss.keys, logger('credentials')),
    clock,
    random,
    wakeup,
    logger: logger('credentials'),
  })
  life.own(keys, () => keys.close())
  const targets = createOssTargets({
    dataPath: lanes,
    addressing: config.oss.addressing,
    signature: config.oss.signature,
    credentials: keys,
    // The slots, whose number may change, keep the number of connections lower.
    maxSockets: mostConcurrency,
    network: createNetwork(config.oss.network),
    clock,
    logger: logger('oss'),
  })
  life.own(targets, () => targets.close())
  const roots = rootsOf(config)
  const callsFor = createCallsByPath()
  const firstLooks = createFirstLooks()
  const walker = createDirectoryWalker(roots, undefined, callsFor, undefined, beginThread, config.nodeId, firstLooks)
  const sources = createFileSources(roots, lanes, callsFor, config.nodeId, firstLooks)
  return {
    ports: { keys, targets, lanes, sources, remover: createSourceRemover(roots, callsFor, config.nodeId), walker },
    files: { hurry: callsFor.hurry, areHeldUp: walker.isHeldUp },
  }
}
