import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { OssTargetDeps } from '../../../src/adapters/oss/api/oss-target.js'
import { combineCrc64 } from '../../../src/core/crc64.js'
import type { FailureKind } from '../../../src/core/failure.js'
import { startEmulator } from '../../../src/oss-emulator/emulator.js'
import type { Fault, FaultRule } from '../../../src/oss-emulator/fault.js'
import type { OperationName } from '../../../src/oss-emulator/operation-name.js'
import type { ObjectOptions, Target } from '../../../src/ports/target.js'
import { until } from './raw-servers.js'
import { createSourceFile, openSockets, type SourceFile } from './source-file.js'
import { failureOf, keys, lastingCredentials, noOptions, targetFor, unaborted } from './target-setup.js'

const MiB = 1024 * 1024
const object = { bucket: 'bucket-a', key: "dir/ä b+c'(1)!*%2F?#&=~.bin" }
const options: ObjectOptions = {
  headers: { 'x-oss-meta-origin': 'cam7', 'x-oss-storage-class': 'IA', 'x-oss-tagging': 'a=b' },
  marker: 'marker-of-the-job',
  forbidOverwrite: false,
  sequential: false,
}

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const setup = async (changes: Partial<OssTargetDeps> & { hostname?: string } = {}, sourceBytes = 3 * MiB + 12_345) => {
  const socketsBefore = openSockets()
  const directory = await mkdtemp(join(tmpdir(), 'longshore-emulator-'))
  const emulator = await startEmulator({
    directory,
    buckets: ['bucket-a'],
    credentials: { accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret },
    region: 'cn-hangzhou',
    cnames: { 'files.localhost': 'bucket-a' },
  })
  const source = await createSourceFile(sourceBytes)
  const { hostname = '127.0.0.1', ...deps } = changes
  const { target, log } = targetFor(new URL(`http://${hostname}:${emulator.port}`), deps)
  cleanups.push(async () => {
    await target.close()
    await emulator.close()
    await source.remove()
    await rm(directory, { recursive: true })
    await until('no socket is left', () => openSockets() <= socketsBefore)
  })
  return { emulator, target, source, log }
}

const sending = () => ({ signal: unaborted(), onProgress: () => {} })
const confirmed = () => ({ ...sending(), confirm: async () => {} })

const uploadWhole = async (target: Target, source: SourceFile, partSize = MiB) => {
  const { uploadId } = await target.initiate(object, options, unaborted())
  const upload = { ...object, uploadId }
  const size = source.bytes.length
  const numbers = Array.from({ length: Math.ceil(size / partSize) }, (_, index) => index + 1)
  const sent = await Promise.all(
    numbers.map((partNumber) => {
      const offset = (partNumber - 1) * partSize
      const range = source.range(offset, Math.min(partSize, size - offset))
      return target.uploadPart(upload, partNumber, range, options, sending())
    }),
  )
  return { upload, sent, parts: sent.map(({ etag }, index) => ({ partNumber: index + 1, etag })) }
}

describe.each([
  { signature: 'v4', addressing: 'path', hostname: '127.0.0.1' },
  { signature: 'v1', addressing: 'path', hostname: '127.0.0.1' },
  { signature: 'v4', addressing: 'virtual', hostname: 'localhost' },
  { signature: 'v1', addressing: 'virtual', hostname: 'localhost' },
  { signature: 'v4', addressing: 'cname', hostname: 'files.localhost' },
  { signature: 'v1', addressing: 'cname', hostname: 'files.localhost' },
] as const)('against the emulator, $signature signatures, $addressing addressing', (how) => {
  it('puts an object, proven by OSS’s CRC-64 and found again by HEAD', async () => {
    const { target, source } = await setup(how)
    const sent = await target.putObject(object, source.range(), options, confirmed())
    expect(sent).toMatchObject({ size: source.bytes.length, crc64: source.crc64(), serverCrc64: source.crc64() })
    expect(await target.head(object, unaborted())).toMatchObject({
      size: source.bytes.length,
      etag: sent.etag,
      serverCrc64: source.crc64(),
      marker: 'marker-of-the-job',
    })
  })

  it('uploads in parts, lists them with CRC-64, completes and aborts', async () => {
    const { target, source, emulator } = await setup(how)
    const { upload, sent, parts } = await uploadWhole(target, source)
    expect(await target.listParts(upload, unaborted())).toEqual(
      sent.map(({ size, etag, crc64 }, index) => ({ partNumber: index + 1, size, etag, crc64 })),
    )
    const completed = await target.complete(upload, parts, options, unaborted())
    const combined = sent.reduce((crc, part) => combineCrc64(crc, BigInt(part.crc64), part.size), 0n)
    expect(String(combined)).toBe(source.crc64())
    expect(completed.serverCrc64).toBe(source.crc64())
    expect(await target.head(object, unaborted())).toMatchObject({
      size: source.bytes.length,
      etag: completed.etag,
      serverCrc64: source.crc64(),
      marker: 'marker-of-the-job',
    })

    expect((await failureOf(target.listParts(upload, unaborted()))).kind).toBe('lost')
    const { uploadId } = await target.initiate(object, options, unaborted())
    await target.abort({ ...object, uploadId }, unaborted())
    await target.abort({ ...object, uploadId }, unaborted())
    expect(emulator.control.uploads()).toEqual([])
  })
})

describe('against the emulator', () => {
  it('puts an empty file and a single byte', async () => {
    const { target, source } = await setup({}, 10)
    for (const length of [0, 1]) {
      const sent = await target.putObject(object, source.range(0, length), options, confirmed())
      expect(sent).toMatchObject({ size: length, serverCrc64: source.crc64(0, length) })
      expect((await target.head(object, unaborted()))?.size).toBe(length)
    }
  })

  it('reads the parts of several pages', async () => {
    const { target, source } = await setup({ maxSockets: 16 }, 1100)
    const { uploadId } = await target.initiate(object, options, unaborted())
    const upload = { ...object, uploadId }
    const numbers = Array.from({ length: 1100 }, (_, index) => index + 1)
    const queue = numbers[Symbol.iterator]()
    await Promise.all(
      Array.from({ length: 16 }, async () => {
        for (const n of queue) await target.uploadPart(upload, n, source.range(n - 1, 1), options, sending())
      }),
    )
    const listed = await target.listParts(upload, unaborted())
    expect(listed.map(({ partNumber }) => partNumber)).toEqual(numbers)
    expect(listed.every(({ partNumber, crc64 }) => crc64 === source.crc64(partNumber - 1, 1))).toBe(true)
  })

  it('stores nothing when the last bytes are not confirmed', async () => {
    const { target, source, emulator } = await setup()
    const refusal = new Error('the source changed')
    const put = target.putObject(object, source.range(), options, {
      ...sending(),
      confirm: () => Promise.reject(refusal),
    })
    await expect(put).rejects.toBe(refusal)
    await until('the emulator saw the end of it', () => emulator.control.ledger().inFlight.length === 0)
    expect(await target.head(object, unaborted())).toBeNull()
  })

  it('is refused by a sequential upload that gets its parts out of order or twice', async () => {
    const { target, source } = await setup()
    const { uploadId } = await target.initiate(object, { ...options, sequential: true }, unaborted())
    const upload = { ...object, uploadId }
    const send = (n: number) => target.uploadPart(upload, n, source.range(0, MiB), options, sending())
    expect(await failureOf(send(2))).toMatchObject({ kind: 'conflict', ossCode: 'PartNotSequential' })
    await send(1)
    expect(await failureOf(send(1))).toMatchObject({ kind: 'conflict', ossCode: 'PartAlreadyExist' })
  })

  it('does not overwrite when that is forbidden, by put or by Complete', async () => {
    const { target, source } = await setup()
    const careful = { ...options, forbidOverwrite: true }
    await target.putObject(object, source.range(), careful, confirmed())
    const again = target.putObject(object, source.range(), careful, confirmed())
    expect(await failureOf(again)).toMatchObject({ kind: 'conflict', ossCode: 'FileAlreadyExists' })
    const { upload, parts } = await uploadWhole(target, source)
    expect(await failureOf(target.complete(upload, parts, careful, unaborted()))).toMatchObject({
      kind: 'conflict',
      ossCode: 'FileAlreadyExists',
    })
  })

  it('tells Complete’s refusals apart', async () => {
    const { target, source } = await setup()
    const { upload, parts } = await uploadWhole(target, source)
    const wrong = parts.map((part) => (part.partNumber === 2 ? { ...part, etag: '0'.repeat(32) } : part))
    expect(await failureOf(target.complete(upload, wrong, options, unaborted()))).toMatchObject({
      kind: 'conflict',
      ossCode: 'InvalidPart',
    })
    await target.complete(upload, parts, options, unaborted())
    expect((await failureOf(target.complete(upload, parts, options, unaborted()))).kind).toBe('lost')
  })

  it('reports bad keys and missing buckets for what they are', async () => {
    const { target, source, emulator } = await setup()
    const nowhere = { ...object, bucket: 'no-such-bucket' }
    for (const attempt of [
      () => target.head(nowhere, unaborted()),
      () => target.initiate(nowhere, options, unaborted()),
      () => target.putObject(nowhere, source.range(), options, confirmed()),
    ]) {
      const failure = await failureOf(attempt())
      expect(failure).toMatchObject({ kind: 'permanent', code: 'no_such_bucket' })
      expect(failure.requestId).toBeTruthy()
    }
    for (const badKeys of [
      { ...keys, accessKeySecret: 'wrong' },
      { ...keys, accessKeyId: 'unknown' },
    ]) {
      const { target: stranger } = targetFor(new URL(emulator.url), { credentials: lastingCredentials(badKeys) })
      cleanups.push(() => stranger.close())
      const attempts = [
        () => stranger.head(object, unaborted()),
        () => stranger.putObject(object, source.range(), options, confirmed()),
      ]
      for (const attempt of attempts) {
        expect(await failureOf(attempt())).toMatchObject({ kind: 'permanent', code: 'access_denied' })
      }
    }
  })
})

type Call =
  | 'PutObject'
  | 'InitiateMultipartUpload'
  | 'UploadPart'
  | 'ListParts'
  | 'CompleteMultipartUpload'
  | 'HeadObject'
const everyCall: Call[] = [
  'PutObject',
  'InitiateMultipartUpload',
  'UploadPart',
  'ListParts',
  'CompleteMultipartUpload',
  'HeadObject',
]
const body = ['PutObject', 'UploadPart'] as const

/** `ambiguous` stands for what a Complete becomes. The others stay `kind`. */
const faults: [string, Fault, readonly Call[], FailureKind][] = [
  ['a reset before the body', { kind: 'reset', at: 'before-body' }, everyCall, 'transient'],
  ['a reset in the body', { kind: 'reset', at: 'mid-body' }, body, 'transient'],
  ['a reset after the body', { kind: 'reset', at: 'after-body' }, everyCall, 'transient'],
  ['a lost answer', { kind: 'lost-answer' }, everyCall, 'transient'],
  ['a stall before the body is read', { kind: 'stall', at: 'before-body' }, everyCall, 'transient'],
  ['a stall before the answer', { kind: 'stall', at: 'before-answer' }, everyCall, 'transient'],
  ['an early 500', { kind: 'status', status: 500 }, everyCall, 'transient'],
  ['a late 500 in HTML', { kind: 'status', status: 500, body: 'html', when: 'after-body' }, everyCall, 'transient'],
  ['an empty 503', { kind: 'status', status: 503, body: 'empty' }, everyCall, 'transient'],
  ['an early 403', { kind: 'status', status: 403, code: 'AccessDenied' }, everyCall, 'permanent'],
  [
    'an answer without ETag',
    { kind: 'answer', change: 'no-etag' },
    ['UploadPart', 'PutObject', 'HeadObject'],
    'transient',
  ],
  ['an empty 200', { kind: 'answer', change: 'empty-200' }, everyCall.slice(0, 5) as Call[], 'transient'],
  ['a 200 with an error in it', { kind: 'answer', change: 'error-200' }, everyCall.slice(0, 5) as Call[], 'transient'],
  [
    'truncated XML',
    { kind: 'answer', change: 'truncated-xml' },
    ['InitiateMultipartUpload', 'ListParts', 'CompleteMultipartUpload'],
    'transient',
  ],
  ['a wrong CRC', { kind: 'answer', change: 'wrong-crc' }, body, 'integrity'],
  ['corrupted bytes', { kind: 'corrupt' }, body, 'integrity'],
]

describe('a fault of OSS', () => {
  const cases = faults.flatMap(([name, fault, calls, kind]) => calls.map((call) => ({ name, fault, call, kind })))

  it.each(cases)('$name at $call is understood', async ({ fault, call, kind }) => {
    const { target, source, emulator } = await setup({}, 2 * MiB)
    const { upload, parts } = await uploadWhole(target, source)
    await target.putObject(object, source.range(), options, confirmed())
    const acts: Record<Call, () => Promise<unknown>> = {
      PutObject: () => target.putObject(object, source.range(), options, confirmed()),
      InitiateMultipartUpload: () => target.initiate(object, options, unaborted()),
      UploadPart: () => target.uploadPart(upload, 1, source.range(0, MiB), options, sending()),
      ListParts: () => target.listParts(upload, unaborted()),
      CompleteMultipartUpload: () => target.complete(upload, parts, options, unaborted()),
      HeadObject: () => target.head(object, unaborted()),
    }
    const rule: FaultRule = { operation: call as OperationName, fault }
    emulator.control.addFaults([rule])
    const expected = call === 'CompleteMultipartUpload' && kind === 'transient' ? 'ambiguous' : kind
    expect((await failureOf(acts[call]())).kind).toBe(expected)
    expect(emulator.control.ledger().entries.filter(({ operation }) => operation === call).length).toBeGreaterThan(0)
    // The next request of the same kind is not affected, unless this one has completed the upload.
    if (call !== 'CompleteMultipartUpload') await acts[call]()
  })

  it('answers an expired token with one refresh that changes nothing, and says so', async () => {
    const { target, source, emulator } = await setup()
    emulator.control.addFaults([{ fault: { kind: 'expired-token' } }])
    expect((await failureOf(target.putObject(object, source.range(), noOptions, confirmed()))).kind).toBe('credentials')
  })

  it('answers a skewed clock by signing with OSS’s time', async () => {
    const { target, source, emulator } = await setup({ clock: { ...skewed } })
    await target.putObject(object, source.range(), noOptions, confirmed())
    expect(emulator.control.ledger().entries.map(({ status }) => status)).toEqual([403, 200])
  })
})

const skewed = {
  now: () => Date.now() + 2 * 3_600_000,
  monotonic: () => performance.now(),
  sleep: () => Promise.reject(new Error('never')),
}
