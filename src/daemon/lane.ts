import { parentPort, workerData } from 'node:worker_threads'
import { createCrc64 } from '../adapters/crc64/crc64.js'
import type { LaneSettings } from '../adapters/oss/lanes/lane-protocol.js'
import { serveLane } from '../adapters/oss/lanes/serve-lane.js'

// This is the thread of a lane, composed. src/adapters/oss/lanes/lanes.ts starts it.
if (parentPort === null) throw new Error('lane.js runs as a worker thread only')
serveLane({ port: parentPort, settings: workerData as LaneSettings, createCrc64 })
