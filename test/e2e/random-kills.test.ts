import { afterEach, describe, expect, it } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import type { Fault } from '../../src/oss-emulator/fault.js'
import type { LedgerEntry } from '../../src/oss-emulator/ledger.js'
import type { DaemonProcess } from './daemon-process.js'
import { readDeadDatabase } from './dead-database.js'
import { bucket, createWorld, newSeed, seeded, sha256Of, type World } from './world.js'

const cycles = Number(process.env['KILL_CYCLES'] ?? 40)
const partSize = 100 * 1024
const parallel = 4
/** Each call fails with this chance, all kinds together. */
const failing = 0.1
const failures: readonly Fault[] = [
  { kind: 'status', status: 503 },
  { kind: 'status', status: 500, when: 'after-body' },
  { kind: 'reset', at: 'mid-body' },
  { kind: 'lost-answer' },
]
/** A process lives so long. Some die while they start. */
const shortestLifeMs = 200
const longestLifeMs = 2_500
/** This is about what is ordered per second in bytes, so that parts are in flight when the process dies. */
const bandwidth = 1_200_000

let world: World
afterEach(() => world.end())

const perCall = (seed: number) =>
  failures.map((fault, index) => ({
    times: null,
    probability: failing / failures.length,
    seed: seed + index,
    fault,
  }))

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

/** Returns whether a request is a part or a put, as the emulator saw it. */
const isSending = ({ operation }: Pick<LedgerEntry, 'operation'>): boolean =>
  operation === 'UploadPart' || operation === 'PutObject'

describe('a daemon that is killed at random while calls fail', () => {
  it('loses nothing, makes nothing wrong and sends nothing twice that OSS had acknowledged', {
    timeout: 120_000 + cycles * 10_000,
  }, async () => {
    const seed = newSeed()
    process.stdout.write(`R2: SEED=${seed}\n`)
    const random = seeded(seed)
    world = await createWorld({ bandwidth })
    world.control.addFaults(perCall(seed))
    const sizes = [0, 1, 5_000, partSize - 1, 3 * partSize, 8 * partSize + 1, 20 * partSize + 77]
    const sources = await Promise.all(
      sizes.map(async (size) => {
        const path = await world.makeSource(`source-${size}`, size)
        return { path, sha256: await sha256Of(path) }
      }),
    )

    const accepted = new Map<string, { readonly id: string; readonly sha256: string }>()
    const pick = () => sources[Math.floor(random() * sources.length)] ?? sources[0]
    let orders = Array.from({ length: 6 }, (_, index) => ({ key: `first-${index}`, source: pick() }))
    /** What was ordered but not acknowledged is ordered again from the next daemon, under the same key. */
    const submitOrders = async (daemon: DaemonProcess): Promise<void> => {
      for (const { key, source } of orders) {
        if (source === undefined) continue
        const request = {
          source: { path: source.path },
          target: { bucket, key },
          partSize,
          multipartThreshold: partSize,
          parallel,
        }
        const answer = await daemon.request<JobView>('POST', '/v1/jobs', request, { 'idempotency-key': key })
        expect(answer).toMatchObject({ status: 201 })
        accepted.set(key, { id: answer.body.id, sha256: source.sha256 })
        orders = orders.filter((order) => order.key !== key)
      }
    }

    const againMs: number[] = []
    let inFlightAtKills = 0
    for (let cycle = 1; cycle <= cycles; cycle++) {
      orders = [...orders, { key: `a-${cycle}`, source: pick() }, { key: `b-${cycle}`, source: pick() }]
      const killAfterMs = Math.round(shortestLifeMs + random() * (longestLifeMs - shortestLifeMs))
      const startedAt = new Date().toISOString()
      setTimeout(() => {
        inFlightAtKills += world.control.ledger().inFlight.filter(isSending).length
      }, killAfterMs)
      try {
        const daemon = await world.start({}, { killAfterMs })
        await submitOrders(daemon).catch((error: unknown) => {
          if (!(error instanceof TypeError)) throw error
        })
        expect(await daemon.exited).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      } catch (error) {
        // It died before it listened.
        if (!String(error).includes('ended before it listened')) throw error
      }
      const { entries, inFlight } = world.control.ledger()
      const first = [...entries, ...inFlight].filter((entry) => isSending(entry) && entry.at > startedAt)
      if (first.length > 0) againMs.push(Math.min(...first.map(({ at }) => Date.parse(at) - Date.parse(startedAt))))
    }

    const last = await world.start()
    await submitOrders(last)
    for (const [key, { id }] of accepted) {
      const job = await last.settled(id)
      expect(job, key).toMatchObject({ state: 'completed', outcome: 'uploaded', receipt: { proof: 'object' } })
    }
    world.control.clearFaults()
    for (const [key, { sha256 }] of accepted) expect(await world.objectSha256(key), key).toBe(sha256)
    last.kill('SIGKILL')
    await last.exited
    const ended = await readDeadDatabase(world.dataDir)
    expect(ended.map(({ key }) => key).sort()).toEqual([...accepted.keys()].sort())
    for (const { key, events } of ended) {
      expect(
        events.filter((type) => type === 'job.completed'),
        key,
      ).toHaveLength(1)
    }

    // No daemon was told the ids of the uploads that are left, so nothing was ever sent to them.
    for (const { parts } of world.control.uploads()) expect(parts).toEqual([])

    const tries = new Map<string, LedgerEntry[]>()
    for (const entry of world.control.ledger().entries.filter(({ operation }) => operation === 'UploadPart')) {
      const part = `${entry.uploadId} ${entry.partNumber}`
      tries.set(part, [...(tries.get(part) ?? []), entry])
    }
    let sentAgain = 0
    let unanswered = 0
    for (const [part, entries] of tries) {
      sentAgain += entries.length - 1
      // These were cut by a kill or a fault. An answered part may have died with its daemon before the commit, and is
      // then adopted.
      const cut = entries.filter(({ status }) => status !== 200).length
      unanswered += cut
      expect(entries.length - 1, part).toBeLessThanOrEqual(cut)
    }
    const worst = Math.max(...againMs)
    process.stdout.write(
      `R2: ${cycles} kills, ${accepted.size} jobs, ${tries.size} parts, ${sentAgain} sent again for ${unanswered} requests ` +
        `without an answer (${inFlightAtKills} in flight at the kills); uploading again ${median(againMs)} ms after the start, ` +
        `at worst ${worst}; SEED=${seed}\n`,
    )
  })
})
