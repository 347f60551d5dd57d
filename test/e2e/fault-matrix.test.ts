import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileSources } from '../../src/adapters/file/file-source.js'
import { anybody } from '../../src/core/caller.js'
import { crc64Of } from '../../src/core/crc64.js'
import { Failure } from '../../src/core/failure.js'
import { type Emulator, startEmulator } from '../../src/oss-emulator/emulator.js'
import type { OperationName } from '../../src/oss-emulator/operation-name.js'
import type { CredentialSet, Credentials } from '../../src/ports/credentials.js'
import type { Target } from '../../src/ports/target.js'
import { type LocalServer, startTcpServer, until } from '../adapters/oss/raw-servers.js'
import { openSockets, patternBytes } from '../adapters/oss/source-file.js'
import { readerHere } from '../adapters/oss/source-reader.js'
import { keys, lastingCredentials, noOptions, systemClock, targetFor, unaborted } from '../adapters/oss/target-setup.js'
import { type Fault, type Outcome, type Row, rows, type Step, steps } from './fault-table.js'
import { createEngineRig, type EngineRig } from './in-process/engine-rig.js'
import { startFaultProxy } from './in-process/fault-proxy.js'
import { mistreatments } from './in-process/mistreatments.js'

const kib = 1024
const partSize = 256 * kib
const bucket = 'bucket-a'
const large = patternBytes(3 * partSize + 7)
const small = patternBytes(200 * kib)
const emulatorKeys = { accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret }
const hourMs = 3_600_000

const operations: Readonly<Record<Step, OperationName>> = {
  initiate: 'InitiateMultipartUpload',
  uploadPart: 'UploadPart',
  listParts: 'ListParts',
  complete: 'CompleteMultipartUpload',
  head: 'HeadObject',
  abort: 'AbortMultipartUpload',
  putObject: 'PutObject',
}

/** These times are long enough for a machine that is busy, and short enough to wait for in dozens of cells. */
const timeouts = {
  connectMs: 500,
  idleMs: 500,
  answerMs: 500,
  controlMs: 1_000,
  completeMs: 1_000,
  dataMs: 1_000,
  floorBytesPerSecond: 16 * 1024 * kib,
}

let root: string
let sources: string
let emulator: Emulator
let mute: LocalServer
let closedPort: URL

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'longshore-faults-')))
  sources = await mkdtemp(join(root, 'sources-'))
  await writeFile(join(sources, 'large.bin'), large)
  await writeFile(join(sources, 'small.bin'), small)
  emulator = await startEmulator({ directory: join(root, 'oss'), buckets: [bucket], credentials: emulatorKeys })
  mute = await startTcpServer((socket) => socket.resume().on('end', () => socket.end()))
  const gone = await startTcpServer(() => {})
  closedPort = gone.url
  await gone.close()
})
afterAll(async () => {
  await mute.close()
  await emulator.close()
  await rm(root, { recursive: true })
})

/** Returns the number of descriptors of sources that this process holds open. */
const openFiles = (): number =>
  readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).startsWith(sources)
    } catch {
      return false
    }
  }).length

/** Returns the same key pair forever. A renewal gives it again as if it were another, or refuses. */
const keysOf = (fault: Fault): Credentials => {
  if (fault.by !== 'proxy' || fault.keys !== 'replaced') return lastingCredentials(keys)
  let current: CredentialSet = { ...keys, temporary: true }
  const renew = async (): Promise<boolean> => {
    current = { ...current }
    return true
  }
  return { current: () => current, areAtHand: () => true, renew, accepted: () => {} }
}

/** These calls must go wrong, in this order. */
interface Plan {
  readonly step: Step
  readonly fault: Fault
}

/** Opens OSS through a man in the middle, with the detours that some faults need. */
const openTargets = async (credentials: Credentials) => {
  const proxy = await startFaultProxy(emulator.port)
  let slowMs = 0
  const clock = { ...systemClock, now: () => Date.now() - slowMs }
  const open = (endpoint: URL): Target => targetFor(endpoint, { credentials, clock, timeouts }).target
  const through = open(proxy.url)
  const closed = open(closedPort)
  const muteTls = open(new URL(`https://127.0.0.1:${mute.port}`))
  /** Prepares the fault of the next call, and returns where that call must go. */
  const prepare = ({ step, fault }: Plan): Target => {
    const operation = operations[step]
    switch (fault.by) {
      case 'proxy':
        proxy.arm(operation, mistreatments[fault.how])
        return through
      case 'detour':
        return fault.to === 'closed' ? closed : muteTls
      case 'clock':
        slowMs = hourMs
        return through
      case 'forgetting':
        emulator.control.addFaults([{ operation, fault: { kind: 'forget-upload' } }])
        return through
    }
  }
  return {
    proxy,
    through,
    prepare,
    close: () => Promise.all([through, closed, muteTls].map((target) => target.close())),
  }
}

/** Returns a target that does as planned to the first calls the plan names, and says what became of them. */
const steered = (
  targets: Awaited<ReturnType<typeof openTargets>>,
  plans: Plan[],
  before: (step: string, args: readonly unknown[]) => Promise<void>,
): { readonly target: Target; readonly outcomes: Outcome[] } => {
  const outcomes: Outcome[] = []
  const call = async (name: keyof Target, args: readonly unknown[]): Promise<unknown> => {
    await before(name, args)
    const act = (target: Target): Promise<unknown> => Reflect.apply(target[name], target, args)
    const [plan] = plans
    const isPlanned = plan?.step === name && (name !== 'uploadPart' || args[1] === 2)
    if (!isPlanned) return act(targets.through)
    plans.shift()
    try {
      const answer = await act(targets.prepare(plan))
      outcomes.push('success')
      return answer
    } catch (error) {
      if (error instanceof Failure) outcomes.push(error.kind)
      throw error
    } finally {
      targets.proxy.letGo()
    }
  }
  const names = Object.keys(targets.through) as (keyof Target)[]
  const entries = names.map((name) => [name, (...args: unknown[]) => call(name, args)])
  return { target: Object.fromEntries(entries), outcomes }
}

const setup = async (step: Step, fault: Fault, key: string) => {
  const targets = await openTargets(keysOf(fault))
  const plans: Plan[] = [{ step, fault }]
  // HEAD is asked what became of a Complete whose answer was lost.
  if (step === 'head') plans.unshift({ step: 'complete', fault: { by: 'proxy', how: 'lostAnswer' } })
  let steer: ((partNumber: number) => Promise<void>) | null = null
  const { target, outcomes } = steered(targets, plans, async (name, args) => {
    if (name === 'uploadPart') await steer?.(Number(args[1]))
  })
  const engine = createEngineRig({
    target,
    sources: createFileSources({ allowed: [sources], forbidden: [] }, readerHere()),
    endpoint: targets.proxy.url.origin,
    partSize,
  })
  const path = join(sources, step === 'putObject' ? 'small.bin' : 'large.bin')
  const submit = async (): Promise<string> =>
    (await engine.jobs.submit({ source: { path }, target: { bucket, key } }, null, anybody)).job.id
  return {
    targets,
    engine,
    outcomes,
    submit,
    onPart(act: (partNumber: number) => Promise<void>) {
      steer = act
    },
  }
}

type Cell = Awaited<ReturnType<typeof setup>>

/** Cancels the job when its third part is about to be sent. */
const cancelHalfway = async ({ engine, submit, onPart }: Cell): Promise<string> => {
  let id = ''
  onPart(async (partNumber) => {
    if (partNumber === 3) await engine.jobs.control(id, 'cancel', anybody)
  })
  id = await submit()
  engine.start()
  return id
}

/** Pauses the job in its first part. Meanwhile another daemon, so to speak, sends the second and dies. */
const resumeHalfway = async ({ engine, targets, submit, onPart }: Cell, key: string): Promise<string> => {
  let id = ''
  let paused = false
  onPart(async () => {
    if (paused) return
    paused = true
    await engine.jobs.control(id, 'pause', anybody)
  })
  id = await submit()
  engine.start()
  await waitFor(engine, id, 'paused')
  const uploadId = (await engine.jobs.get(id)).upload?.uploadId ?? ''
  const source = await createFileSources({ allowed: [sources], forbidden: [] }, readerHere()).open(
    join(sources, 'large.bin'),
  )
  const options = { signal: unaborted(), onProgress: () => {} }
  await targets.through.uploadPart({ bucket, key, uploadId }, 2, source.range(partSize, partSize), noOptions, options)
  await source.close()
  await engine.jobs.control(id, 'resume', anybody)
  return id
}

const waitFor = async (engine: EngineRig, id: string, state: string): Promise<void> => {
  while ((await engine.jobs.get(id)).state !== state) await sleep(2)
}

const startJob = async (step: Step, cell: Cell, key: string): Promise<string> => {
  if (step === 'abort') return cancelHalfway(cell)
  if (step === 'listParts') return resumeHalfway(cell, key)
  const id = await cell.submit()
  cell.engine.start()
  return id
}

/** Returns the object and what is left of uploads, as OSS has them. */
const inOss = async (key: string) => {
  const { target } = targetFor(new URL(emulator.url))
  const object = await target.head({ bucket, key }, unaborted())
  await target.close()
  return { object, uploads: emulator.control.uploads().filter((upload) => upload.key === key) }
}

const cells = rows.flatMap((row) => steps.map((step) => ({ row, step, name: row.name })))

const expectEnd = async (
  { row, step }: { row: Row; step: Step },
  cell: Cell,
  id: string,
  key: string,
): Promise<void> => {
  const job = await cell.engine.settled(id)
  const code = row.fails?.[step]
  const state = code !== undefined ? 'failed' : step === 'abort' ? 'cancelled' : 'completed'
  expect(job).toMatchObject({ state, error: code === undefined ? null : { code } })
  expect(job.attempts).toBeLessThanOrEqual(1)
  const { object, uploads } = await inOss(key)
  const sent = step === 'putObject' ? small : large
  if (state === 'completed') {
    expect(object).toMatchObject({ size: sent.length, serverCrc64: String(crc64Of(sent)) })
    expect(job.receipt).toMatchObject({ size: sent.length, crc64: String(crc64Of(sent)), proof: 'object' })
  }
  if (state === 'cancelled') expect(object).toBeNull()
  if (step !== 'initiate')
    expect(uploads).toHaveLength(state === 'failed' && object === null && step !== 'putObject' ? 1 : 0)
  else {
    const suspected = cell.engine.logs.some(({ message }) => message.startsWith('An Initiate got no answer'))
    expect(uploads.length).toBeLessThanOrEqual(suspected ? 1 : 0)
    // There was no server that could make an upload.
    if (row.fault.by === 'detour') expect(suspected).toBe(false)
  }
}

describe('the fault x step matrix', () => {
  it(`has ${cells.length} cells: ${rows.length} faults at ${steps.length} steps`, () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length)
    expect(new Set(rows.flatMap(({ fault }) => (fault.by === 'proxy' ? [fault.how] : []))).size).toBe(
      Object.keys(mistreatments).length,
    )
  })

  it.each(cells)('$name at $step', async ({ row, step }) => {
    const key = `${row.name.replaceAll(/[^\w]+/g, '-')}/${step}`
    const sockets = openSockets()
    const cell = await setup(step, row.fault, key)
    const id = await startJob(step, cell, key)
    await expectEnd({ row, step }, cell, id, key)
    expect(cell.outcomes.at(-1)).toBe(row.outcomes[step])
    expect(cell.outcomes).toHaveLength(step === 'head' ? 2 : 1)

    await cell.engine.stop()
    await until('no request is under way', () => cell.targets.proxy.underway() === 0)
    expect(openFiles()).toBe(0)
    await cell.targets.close()
    await until('the target has no connection', () => cell.targets.proxy.open() === 0)
    await until('nobody shakes hands', () => mute.open() === 0)
    await cell.targets.proxy.close()
    await until('no socket is left', () => openSockets() <= sockets)
  })
})
