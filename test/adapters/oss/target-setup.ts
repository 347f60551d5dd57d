import { expect } from 'vitest'
import { createOssTarget, type OssTargetDeps } from '../../../src/adapters/oss/api/oss-target.js'
import { createDataPath } from '../../../src/adapters/oss/lanes/data-path.js'
import { createRangeSender } from '../../../src/adapters/oss/lanes/send-range.js'
import { createNetwork } from '../../../src/adapters/oss/wire/network.js'
import { createCrc64 } from '../../../src/core/crc64.js'
import { Failure } from '../../../src/core/failure.js'
import type { Clock } from '../../../src/ports/clock.js'
import type { CredentialSet, Credentials } from '../../../src/ports/credentials.js'
import type { Logger } from '../../../src/ports/logger.js'
import type { ObjectOptions, Target } from '../../../src/ports/target.js'

export const keys = {
  accessKeyId: 'AKID-of-the-test',
  accessKeySecret: 'canary-secret-of-the-test',
  securityToken: null,
}
export const object = { bucket: 'bucket-a', key: 'dir/a.bin' }
export const upload = { ...object, uploadId: 'UPLOAD-1' }

export const noOptions: ObjectOptions = { headers: {}, marker: null, forbidOverwrite: false, sequential: false }

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: () => Promise.reject(new Error('the adapter never sleeps')),
}

export interface LogLine {
  readonly level: string
  readonly fields: object
  readonly message: string
}

/** Keeps what was logged, so that a test can look for what must not be there. */
export const recordingLogger = (lines: LogLine[]): Logger => {
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message })
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  return logger
}

/** This network has no proxies and no authorities of our own. */
export const directly = createNetwork({ httpProxy: null, httpsProxy: null, noProxy: [], ca: null })

/** These times are long enough for a loaded machine, and short enough for a test that waits for one to pass. */
export const testTimeouts = {
  connectMs: 2_000,
  idleMs: 1_500,
  answerMs: 1_500,
  controlMs: 4_000,
  completeMs: 3_000,
  dataMs: 20_000,
}

export const targetFor = (endpoint: URL, changes: Partial<OssTargetDeps> = {}): { target: Target; log: LogLine[] } => {
  const log: LogLine[] = []
  const target = createOssTarget({
    endpoint,
    region: 'cn-hangzhou',
    addressing: 'path',
    signature: 'v4',
    credentials: lastingCredentials(keys),
    maxSockets: 4,
    // This data path works on this thread. lanes.test.ts has the others.
    dataPath: createDataPath(changes.network ?? directly, createRangeSender(createCrc64)),
    network: directly,
    clock: systemClock,
    logger: recordingLogger(log),
    timeouts: testTimeouts,
    ...changes,
  })
  return { target, log }
}

/** Returns long-term keys that nothing replaces. */
export const lastingCredentials = (pair: Omit<CredentialSet, 'temporary'>): Credentials => {
  const current = { ...pair, temporary: false }
  return { current: () => current, areAtHand: () => true, renew: async () => false, accepted: () => {} }
}

/** Returns temporary keys that change with each renewal. */
export const rotatingCredentials = (): Credentials & { rotate(): void; renewals(): number } => {
  let generation = 1
  const make = () => ({
    accessKeyId: `AKID-${generation}`,
    accessKeySecret: `canary-secret-${generation}`,
    securityToken: `canary-token-${generation}`,
    temporary: true,
  })
  let current = make()
  const rotate = (): void => {
    generation++
    current = make()
  }
  return {
    current: () => current,
    areAtHand: () => true,
    renew: async (refused) => {
      if (refused === current) rotate()
      return true
    },
    accepted: () => {},
    rotate,
    renewals: () => generation - 1,
  }
}

export const unaborted = (): AbortSignal => new AbortController().signal

export const failureOf = async (promise: Promise<unknown>): Promise<Failure> => {
  const error = await promise.then(
    (value) => new Error(`Resolved with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Failure)) throw error
  expect(error.cause).toBeUndefined()
  return error
}
