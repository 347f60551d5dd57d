import { afterEach, describe, expect, it } from 'vitest'
import type { FaultRule } from '../../src/oss-emulator/fault.js'
import { bucket, createWorld, newSeed, seeded, sha256Of, type World } from './world.js'

const flips = Number(process.env['BIT_FLIPS'] ?? 500)
const partSize = 100 * 1024
const partCount = 6
/** So many flips in a row of one request fail its job (oss-facts, section 3). */
const tooMany = 3

let world: World
afterEach(() => world.end())

interface Planned {
  readonly key: string
  readonly parts: boolean
  /** These are flips per part number. A put has one number. */
  readonly flips: ReadonlyMap<number, number>
  readonly fails: boolean
}

/** Returns a job and the flips that will hit it: one or two in most of its requests, and in few jobs three in one. */
const planJob = (index: number, random: () => number): Planned => {
  const parts = random() < 0.7
  const fails = random() < 0.05
  const numbers = Array.from({ length: parts ? partCount : 1 }, (_, i) => i + 1)
  const unlucky = numbers[Math.floor(random() * numbers.length)] ?? 1
  const hit = numbers.flatMap((number): [number, number][] => {
    // A small file may be tried together with others before the three tries of its own story.
    if (fails) return number === unlucky ? [[number, parts ? tooMany : tooMany + 1]] : []
    return random() < 0.8 ? [[number, random() < 0.2 ? 2 : 1]] : []
  })
  return { key: `${parts ? 'parts' : 'put'}-${index}`, parts, flips: new Map(hit), fails }
}

const rulesOf = ({ key, parts, flips: hits }: Planned): readonly FaultRule[] =>
  [...hits].map(([partNumber, times]) => ({
    operation: parts ? 'UploadPart' : 'PutObject',
    bucket,
    key,
    ...(parts ? { partNumber } : {}),
    times,
    fault: { kind: 'corrupt' },
  }))

describe('bits that flip in transit', () => {
  it('are all detected: the object is right, or the job fails with integrity', {
    timeout: 120_000 + flips * 200,
  }, async () => {
    const seed = newSeed()
    process.stdout.write(`R7: SEED=${seed}\n`)
    const random = seeded(seed)
    world = await createWorld()
    const large = await world.makeSource('large', (partCount - 1) * partSize + 7)
    const small = await world.makeSource('small', 5_000)
    const sha256 = { [large]: await sha256Of(large), [small]: await sha256Of(small) }

    const jobs: Planned[] = []
    let planned = 0
    while (planned < flips) {
      const job = planJob(jobs.length, random)
      jobs.push(job)
      for (const times of job.flips.values()) planned += times
    }
    world.control.addFaults(jobs.flatMap(rulesOf))

    const daemon = await world.start({ LONGSHORE_CONCURRENCY: '64' })
    const ids = new Map<string, string>()
    for (const { key, parts } of jobs) {
      const { id } = await daemon.submit({
        source: { path: parts ? large : small },
        target: { bucket, key },
        partSize,
        multipartThreshold: partSize,
        parallel: partCount,
      })
      ids.set(key, id)
    }

    let detected = 0
    let spared = 0
    for (const { key, parts, flips: hits, fails } of jobs) {
      const job = await daemon.settled(ids.get(key) ?? '')
      const sent = world.control.ledger().entries.filter((entry) => entry.key === key && entry.bodyBytes > 0)
      const triesOf = (partNumber: number): number =>
        sent.filter((entry) => (parts ? entry.partNumber === partNumber : entry.operation === 'PutObject')).length
      if (fails) {
        expect(job, key).toMatchObject({ state: 'failed', error: { code: 'integrity' } })
        for (const [partNumber, times] of hits) {
          const tries = triesOf(partNumber)
          expect(parts ? [tooMany] : [tooMany, tooMany + 1], key).toContain(tries)
          detected += tries
          spared += times - tries
        }
        continue
      }
      expect(job, key).toMatchObject({ state: 'completed', outcome: 'uploaded', receipt: { proof: 'object' } })
      expect(await world.objectSha256(key), key).toBe(sha256[parts ? large : small])
      for (const [partNumber, times] of hits) {
        // Each flip was met by sending the same bytes once more.
        expect(triesOf(partNumber), `${key} ${partNumber}`).toBe(times + 1)
        detected += times
      }
    }
    expect(detected).toBe(planned - spared)
    process.stdout.write(`R7: ${planned - spared} flips in ${jobs.length} jobs, ${detected} detected; SEED=${seed}\n`)
  })

  it('cost no good object once one was seen: what comes spoilt after it is refused, not stored', async () => {
    world = await createWorld()
    const path = await world.makeSource('small', 5_000)
    const daemon = await world.start()
    const upload = async (key: string) =>
      daemon.settled((await daemon.submit({ source: { path }, target: { bucket, key } })).id)
    const statusesOf = (key: string) =>
      world.control
        .ledger()
        .entries.filter((entry) => entry.key === key && entry.operation === 'PutObject')
        .map(({ status }) => status)
    expect(await upload('kept')).toMatchObject({ state: 'completed' })
    const spoil = (key: string, times: number): void =>
      void world.control.addFaults([{ operation: 'PutObject', bucket, key, times, fault: { kind: 'corrupt' } }])

    spoil('seen', 2)
    expect(await upload('seen')).toMatchObject({ state: 'completed' })
    expect(statusesOf('seen')).toEqual([200, 400, 200])

    spoil('kept', tooMany)
    const failed = await upload('kept')
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'integrity', ossCode: 'InvalidDigest' } })
    expect(statusesOf('kept')).toEqual([200, 400, 400, 400])
    expect(await world.objectSha256('kept')).toBe(await sha256Of(path))
  })
})
