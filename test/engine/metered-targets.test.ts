import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/core/failure.js'
import { meterTargets } from '../../src/engine/metering/metered-targets.js'
import { createTraffic } from '../../src/engine/metering/traffic.js'
import type { SendOptions, Target } from '../../src/ports/target.js'

const objectOptions = { headers: {}, marker: null, forbidOverwrite: false, sequential: false }
const upload = { bucket: 'b', key: 'k', uploadId: 'u' }
const sentBytes = (size: number) => ({ size, etag: 'E', crc64: '1', serverCrc64: null, requestId: null })

/** Sets up a metered target that answers as `answers` say, each call after 250 ms. */
const setup = (answers: Partial<Target>) => {
  let now = 0
  const clock = { monotonic: () => now }
  const told: unknown[][] = []
  const traffic = createTraffic(clock, { moved: () => undefined })
  const slow = new Proxy(answers as Target, {
    get: (target, name: keyof Target) => {
      const answer = target[name] as ((...args: unknown[]) => unknown) | undefined
      return (...args: unknown[]) => {
        now += 250
        return answer?.(...args)
      }
    },
  })
  const targets = meterTargets(
    { for: () => slow, close: async () => {} },
    { meter: { requested: (...args) => void told.push(args) }, traffic, clock },
  )
  return { target: targets.for({ endpoint: 'e', region: 'r' }), told, traffic }
}

const signal = new AbortController().signal
const range = {} as Parameters<Target['uploadPart']>[2]

describe('Metered targets', () => {
  it('tell of each call how long it took', async () => {
    const { target, told } = setup({ listParts: async () => [], abort: async () => 'aborted' })
    await target.listParts(upload, signal)
    await target.abort(upload, signal)
    expect(told).toEqual([
      ['ListParts', 0.25, null],
      ['AbortMultipartUpload', 0.25, null],
    ])
  })

  it('name a failure by the code of OSS, or by its kind', async () => {
    const throttled = new Failure('throttled', 'slow down', { ossCode: 'SlowDown' })
    const broken = new Failure('transient', 'reset')
    const { target, told } = setup({ head: () => Promise.reject(throttled), abort: () => Promise.reject(broken) })
    await expect(target.head(upload, signal)).rejects.toBe(throttled)
    await expect(target.abort(upload, signal)).rejects.toBe(broken)
    expect(told).toEqual([
      ['HeadObject', 0.25, 'SlowDown'],
      ['AbortMultipartUpload', 0.25, 'transient'],
    ])
  })

  it('tell nothing of what was given up', async () => {
    const reason = new Error('the run was halted')
    const { target, told } = setup({ head: () => Promise.reject(reason) })
    await expect(target.head(upload, signal)).rejects.toBe(reason)
    expect(told).toEqual([])
  })

  it('count the bytes that move once, although a request is replayed, and those that were acknowledged', async () => {
    const seen: number[] = []
    const onProgress = (bytes: number): void => void seen.push(bytes)
    const { target, told, traffic } = setup({
      uploadPart: async (_upload, _number, _range, _objectOptions, options: SendOptions) => {
        for (const bytes of [40, 100, 30, 60]) options.onProgress(bytes)
        return sentBytes(100)
      },
      putObject: async () => ({ ...sentBytes(50), versionId: null }),
    })
    await target.uploadPart(upload, 1, range, objectOptions, { signal, onProgress })
    await target.putObject(upload, range, objectOptions, { signal, onProgress, confirm: async () => {} })
    expect(seen).toEqual([40, 100, 30, 60])
    expect(traffic.totals()).toEqual({ bytes: 150, parts: 1, objects: 1 })
    // These are 100, another 100 after the replay, and 50.
    expect(traffic.bytesPerSecond()).toBe(Math.round(250 / 5.5))
    expect(told.map(([operation]) => operation)).toEqual(['UploadPart', 'PutObject'])
  })
})
