import { parentPort, workerData } from 'node:worker_threads'
import { createCrc64 } from '../adapters/crc64/crc64.js'
import type { Roots } from '../adapters/file/roots.js'
import { createWholeFileReader } from '../adapters/file/whole-file.js'
import type { LaneSettings } from '../adapters/oss/lanes/lane-protocol.js'
import { serveLane } from '../adapters/oss/lanes/serve-lane.js'
import { lowerPriorityOfThread } from '../adapters/process/lower-priority.js'

/** What the lane's thread is given beside its settings. */
export interface LaneThreadData {
  readonly roots: Roots
}

// This is the thread of a lane, composed. src/adapters/oss/lanes/lanes.ts starts it.
if (parentPort === null) throw new Error('lane.js runs as a worker thread only')
const settings = workerData as LaneSettings & LaneThreadData
lowerPriorityOfThread(settings.nice)
serveLane({ port: parentPort, settings, createCrc64, readFile: createWholeFileReader(settings.roots) })
