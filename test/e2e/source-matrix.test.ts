import {
  appendFileSync,
  chmodSync,
  closeSync,
  openSync,
  renameSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileSources } from '../../src/adapters/file/file-source.js'
import { anybody } from '../../src/core/caller.js'
import { crc64Of } from '../../src/core/crc64.js'
import { Failure } from '../../src/core/failure.js'
import { type Emulator, startEmulator } from '../../src/oss-emulator/emulator.js'
import type { SendOptions, Target } from '../../src/ports/target.js'
import { patternBytes } from '../adapters/oss/source-file.js'
import { readerHere } from '../adapters/oss/source-reader.js'
import { keys, targetFor, unaborted } from '../adapters/oss/target-setup.js'
import { createEngineRig, type EngineRig } from './in-process/engine-rig.js'

const mib = 1024 * 1024
const partSize = 3 * mib
const partCount = 4
const bucket = 'bucket-a'
const before = patternBytes((partCount - 1) * partSize + mib)
/** These bytes are as many, and different everywhere. */
const after = Buffer.from(before.map((byte) => byte ^ 0xff))
/** This time has whole seconds, so that it can be forged to the last digit. */
const mtime = new Date('2026-01-01T00:00:00Z')

const rewrite = (path: string): void => {
  const fd = openSync(path, 'r+')
  writeSync(fd, after, 0, after.length, 0)
  closeSync(fd)
}

/** With `harmless` the bytes stay. With `hidden` the bytes change, and only ctime tells. */
const changes: readonly (readonly [string, 'harmful' | 'harmless' | 'hidden', (path: string) => void])[] = [
  ['truncated', 'harmful', (path) => truncateSync(path, partSize + 1)],
  ['appended to', 'harmful', (path) => appendFileSync(path, 'more')],
  ['rewritten at the same size', 'harmful', rewrite],
  [
    'rewritten with a forged mtime',
    'hidden',
    (path) => {
      rewrite(path)
      utimesSync(path, mtime, mtime)
    },
  ],
  [
    'replaced by another file',
    'harmful',
    (path) => {
      writeFileSync(`${path}.new`, after)
      utimesSync(`${path}.new`, mtime, mtime)
      renameSync(`${path}.new`, path)
    },
  ],
  ['removed', 'harmless', unlinkSync],
  ['given another mode', 'harmless', (path) => chmodSync(path, 0o640)],
]

const moments = [
  'between submit and claim',
  'after it was opened',
  'in the middle of a part',
  'between two parts',
  'after the last part',
  'between two runs',
  'in the middle of a put',
  'after Complete was sent',
] as const
type Moment = (typeof moments)[number]

let root: string
let sources: string
let emulator: Emulator

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'longshore-changes-')))
  sources = await mkdtemp(join(root, 'sources-'))
  const { accessKeyId, accessKeySecret } = keys
  emulator = await startEmulator({
    directory: join(root, 'oss'),
    buckets: [bucket],
    credentials: { accessKeyId, accessKeySecret },
  })
})
afterAll(async () => {
  await emulator.close()
  await rm(root, { recursive: true })
})

/** Tells of the first byte that is on its way, while the others are not. */
const onFirstBytes = (options: SendOptions, tell: () => void): SendOptions => ({
  ...options,
  onProgress(bytes) {
    tell()
    options.onProgress(bytes)
  },
})

/** Returns OSS with a hook at every moment of a job. */
const hooked = (oss: Target, at: (moment: Moment) => void): Target => ({
  ...oss,
  async uploadPart(upload, partNumber, range, objectOptions, options) {
    const watched = partNumber === 2 ? onFirstBytes(options, () => at('in the middle of a part')) : options
    const sent = await oss.uploadPart(upload, partNumber, range, objectOptions, watched)
    if (partNumber === 1) at('between two parts')
    if (partNumber === partCount) at('after the last part')
    return sent
  },
  putObject: (object, range, objectOptions, options) =>
    oss.putObject(object, range, objectOptions, {
      ...onFirstBytes(options, () => at('in the middle of a put')),
      confirm: options.confirm,
    }),
  async complete(upload, parts, objectOptions, signal) {
    await oss.complete(upload, parts, objectOptions, signal)
    at('after Complete was sent')
    throw new Failure('ambiguous', 'The answer is lost: OSS has to be asked, for the source may be gone.')
  },
})

/** Runs one job and changes its source once, at this very moment. */
const runJob = async (name: string, change: (path: string) => void, moment: Moment) => {
  const key = `${name}/${moment}`.replaceAll(' ', '-')
  const path = join(sources, key.replace('/', '-'))
  writeFileSync(path, before)
  utimesSync(path, mtime, mtime)
  let changed = false
  const at = (now: Moment): void => {
    if (now !== moment || changed) return
    changed = true
    change(path)
  }
  const files = createFileSources({ allowed: [sources], forbidden: [] }, readerHere())
  let opened = 0
  const { target: oss } = targetFor(new URL(emulator.url))
  const engine: EngineRig = createEngineRig({
    target: hooked(oss, at),
    endpoint: emulator.url,
    partSize,
    sources: {
      async open(place) {
        const source = await files.open(place)
        // The first time is for the fingerprint at submit.
        if (++opened === 2) at('after it was opened')
        return source
      },
    },
    wrapStore: (store) => ({
      ...store,
      async commitParts(lease, parts) {
        const answer = await store.commitParts(lease, parts)
        if (moment === 'between two runs' && !changed) {
          engine.kill()
          at('between two runs')
          engine.start()
        }
        return answer
      },
    }),
  })
  const multipartThreshold = moment === 'in the middle of a put' ? before.length + mib : partSize
  const { job } = await engine.jobs.submit(
    { source: { path }, target: { bucket, key }, multipartThreshold },
    null,
    anybody,
  )
  at('between submit and claim')
  engine.start()
  const end = await engine.settled(job.id)
  await engine.stop()
  const object = await oss.head({ bucket, key }, unaborted())
  await oss.close()
  expect(changed).toBe(true)
  return { end, object, uploads: emulator.control.uploads().filter((upload) => upload.key === key) }
}

type End = Awaited<ReturnType<typeof runJob>>

const expectFailure = ({ end, object, uploads }: End, code: string, openUploads: number): void => {
  expect(end).toMatchObject({ state: 'failed', error: { code } })
  expect(object).toBeNull()
  expect(uploads).toHaveLength(openUploads)
}

const expectObject = ({ end, object, uploads }: End, bytes: Buffer): void => {
  expect(end).toMatchObject({ state: 'completed', outcome: 'uploaded', receipt: { proof: 'object' } })
  expect(object).toMatchObject({ size: bytes.length, serverCrc64: String(crc64Of(bytes)) })
  expect(uploads).toEqual([])
}

/**
 * At these moments nothing had been read, or everything is sent again, so what was written is what is uploaded, whole.
 */
const takesTheNewBytes: readonly Moment[] = [
  'between submit and claim',
  'after it was opened',
  'in the middle of a put',
]
/** After these moments the source has yet to be opened again. */
const opensAgain: readonly Moment[] = ['between submit and claim', 'between two runs']

describe.each(moments)('%s', (moment) => {
  it.each(changes)('a source that is %s has one right end', async (name, kind, change) => {
    const end = await runJob(name, change, moment)
    if (moment === 'after Complete was sent') expectObject(end, before)
    else if (kind === 'harmless' && name === 'removed' && opensAgain.includes(moment)) {
      expectFailure(end, 'source_missing', moment === 'between two runs' ? 1 : 0)
    } else if (kind === 'harmless') expectObject(end, before)
    else if (kind === 'hidden' && takesTheNewBytes.includes(moment)) expectObject(end, after)
    else expectFailure(end, 'source_changed', 0)
  })
})

describe('the matrix', () => {
  it('has 56 cells', () => {
    expect(changes.length * moments.length).toBe(56)
  })
})
