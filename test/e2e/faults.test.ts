import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fault } from '../../src/oss-emulator/fault.js'
import type { OperationName } from '../../src/oss-emulator/operation-name.js'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, type World } from './world.js'

/** These faults pass: whatever step they hit, the job completes and the object is right. */
const passing: readonly (readonly [string, Fault])[] = [
  ['503 with Retry-After', { kind: 'status', status: 503, headers: { 'retry-after': '1' } }],
  [
    '503 SlowDown with a qos delay',
    { kind: 'status', status: 503, code: 'SlowDown', headers: { 'x-oss-qos-delay-time': '200' } },
  ],
  ['500 with XML', { kind: 'status', status: 500, when: 'after-body' }],
  ['502 with HTML', { kind: 'status', status: 502, body: 'html' }],
  ['500 without a body', { kind: 'status', status: 500, body: 'empty' }],
  ['a reset before the body', { kind: 'reset', at: 'before-body' }],
  ['a reset in the body', { kind: 'reset', at: 'mid-body' }],
  ['a reset after the body', { kind: 'reset', at: 'after-body' }],
  ['a lost answer', { kind: 'lost-answer' }],
  ['a slow answer', { kind: 'delay', ms: 300 }],
  ['a clock that is off', { kind: 'skewed', offsetMs: 3_600_000 }],
  ['an upload that is forgotten', { kind: 'forget-upload' }],
  ['an answer without a CRC', { kind: 'answer', change: 'no-crc' }],
  ['an answer with a wrong CRC', { kind: 'answer', change: 'wrong-crc' }],
  ['an answer without an ETag', { kind: 'answer', change: 'no-etag' }],
  ['an empty 200', { kind: 'answer', change: 'empty-200' }],
  ['a 200 that holds an error', { kind: 'answer', change: 'error-200' }],
  ['a 200 with truncated XML', { kind: 'answer', change: 'truncated-xml' }],
  ['a bit that flips in transit', { kind: 'corrupt' }],
]

const steps: readonly OperationName[] = [
  'InitiateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'PutObject',
]

/**
 * Returns true for bytes that were altered after OSS had checked them: a wrong CRC of the whole object must fail the
 * job.
 */
const mustFail = (step: OperationName, fault: Fault): boolean =>
  step === 'CompleteMultipartUpload' && fault.kind === 'answer' && fault.change === 'wrong-crc'

let world: World
let daemon: DaemonProcess
let large: string
let small: string

beforeAll(async () => {
  world = await createWorld()
  large = await world.makeSource('large.bin', 5 * 100 * 1024 + 7)
  small = await world.makeSource('small.bin', 5000)
  daemon = await world.start({ LONGSHORE_CONCURRENCY: '64' })
})
afterAll(() => world.end())

const run = async (step: OperationName, name: string, fault: Fault) => {
  const key = `${step}/${name.replaceAll(' ', '-')}`
  world.control.addFaults([{ operation: step, bucket, key, fault }])
  const path = step === 'PutObject' ? small : large
  const { id } = await daemon.submit({
    source: { path },
    target: { bucket, key },
    multipartThreshold: 102_400,
    partSize: 102_400,
  })
  const job = await daemon.settled(id)
  return { job, key, path }
}

/**
 * Returns how OSS answered the requests for this key, with null where it gave no answer. This shows that the fault
 * really struck.
 */
const statuses = (key: string): readonly (number | null)[] =>
  world.control
    .ledger()
    .entries.filter((entry) => entry.key === key)
    .map((entry) => entry.status)

describe.each(steps)('%s', (step) => {
  it.concurrent.each(passing)('outlives %s', { timeout: 180_000 }, async (name, fault) => {
    const { job, key, path } = await run(step, name, fault)
    if (fault.kind === 'status') expect(statuses(key)).toContain(fault.status)
    if (fault.kind === 'reset' || fault.kind === 'lost-answer') expect(statuses(key)).toContain(null)
    if (mustFail(step, fault)) {
      expect(job).toMatchObject({ state: 'failed', error: { code: 'integrity' } })
      return
    }
    expect(job).toMatchObject({ state: 'completed', outcome: 'uploaded', error: null })
    expect(await world.objectSha256(key)).toBe(await sha256Of(path))
  })
})

describe('afterwards', () => {
  it('no multipart upload is left open but those whose Initiate was answered into the void', () => {
    const left = world.control.uploads().map(({ key }) => key.split('/')[0])
    expect(left.filter((step) => step !== 'InitiateMultipartUpload')).toEqual([])
  })
})
