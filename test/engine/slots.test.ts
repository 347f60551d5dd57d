import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSlots, type SlotRequest } from '../../src/engine/capacity/slots.js'

const pairOf = (bucket: string) => ({ endpoint: 'https://oss.example', bucket })

const setup = (capacity: number, limits: Record<string, number> = {}) => {
  const slots = createSlots(capacity, ({ bucket }) => limits[bucket] ?? capacity)
  /** These are the grants in their order, each with the function that gives it back. */
  const granted: { name: string; release: () => void }[] = []
  const ask = (
    name: string,
    bucket: string,
    request: Partial<SlotRequest> = {},
    signal = new AbortController().signal,
  ) =>
    slots.acquire({ jobId: name, priority: () => 0, ...request, pair: pairOf(bucket) }, signal).then((release) => {
      granted.push({ name, release })
    })
  const settle = () => new Promise(setImmediate)
  const names = async () => {
    await settle()
    return granted.map(({ name }) => name)
  }
  const release = async (name: string) => {
    await settle()
    granted.find((grant) => grant.name === name)?.release()
    await settle()
  }
  return { slots, ask, names, release, granted, limits }
}

describe('slots', () => {
  it('go by priority, then to the job that holds the fewest, then to who came first', async () => {
    const { ask, names, release } = setup(2)
    for (const name of ['a1', 'a2', 'a3']) void ask(name, 'x', { jobId: 'a' })
    void ask('b1', 'x', { jobId: 'b' })
    void ask('urgent', 'x', { priority: () => 5 })
    await release('a1')
    await release('urgent')
    await release('a2')
    expect(await names()).toEqual(['a1', 'a2', 'urgent', 'b1', 'a3'])
  })

  it('give one pair no more than half while another waits, whatever the priorities', async () => {
    const { ask, names, release } = setup(4)
    for (const name of ['d1', 'd2']) void ask(name, 'dead')
    void ask('d3', 'dead', { priority: () => 100 })
    void ask('d4', 'dead', { priority: () => 100 })
    for (const name of ['h1', 'h2', 'h3']) void ask(name, 'healthy')
    await release('d1')
    await release('d2')
    expect((await names()).slice(4)).toEqual(['h1', 'h2'])
  })

  it('give one pair everything while nobody else waits', async () => {
    const { ask, names } = setup(4)
    for (const name of ['1', '2', '3', '4', '5']) void ask(name, 'only')
    expect(await names()).toEqual(['1', '2', '3', '4'])
  })

  it('keep a pair within its limit, and follow the limit as it moves', async () => {
    const { ask, names, release, limits } = setup(4, { slow: 1 })
    for (const name of ['1', '2', '3']) void ask(name, 'slow')
    expect(await names()).toEqual(['1'])
    limits['slow'] = 2
    await release('1')
    expect(await names()).toEqual(['1', '2', '3'])
  })

  it('forget who stopped waiting, and take back only once', async () => {
    const { slots, ask, names, release } = setup(1)
    const stop = new AbortController()
    void ask('holder', 'x')
    const stopped = ask('stopped', 'x', {}, stop.signal)
    void ask('patient', 'x')
    stop.abort(new Error('enough'))
    await expect(stopped).rejects.toThrow('enough')
    await expect(ask('late', 'x', {}, stop.signal)).rejects.toThrow('enough')
    await release('holder')
    await release('holder')
    expect(await names()).toEqual(['holder', 'patient'])
    expect(slots.inUse()).toBe(1)
  })

  it('never exceed the capacity nor a limit, never let a pair pass half beside a waiter below it, and idle for nobody', async () => {
    const buckets = ['a', 'b', 'c']
    const step = fc.oneof(
      fc.record({ ask: fc.constantFrom(...buckets), priority: fc.integer({ min: -1, max: 1 }) }),
      fc.record({ release: fc.nat(50) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.dictionary(fc.constantFrom(...buckets), fc.integer({ min: 1, max: 9 })),
        fc.array(step, { maxLength: 60 }),
        async (capacity, limits, steps) => {
          const slots = createSlots(capacity, ({ bucket }) => limits[bucket] ?? capacity)
          const held: { bucket: string; release: () => void }[] = []
          const waiting: string[] = []
          const half = Math.max(1, Math.floor(capacity / 2))
          const count = (bucket: string): number => held.filter((one) => one.bucket === bucket).length
          const limit = (bucket: string): number => limits[bucket] ?? capacity
          for (const [index, what] of steps.entries()) {
            if ('ask' in what) {
              const bucket = what.ask
              waiting.push(bucket)
              const request = { jobId: `${index}`, priority: () => what.priority, pair: pairOf(bucket) }
              void slots.acquire(request, new AbortController().signal).then((release) => {
                waiting.splice(waiting.indexOf(bucket), 1)
                const passed = waiting.filter((other) => count(other) < Math.min(half, limit(other)))
                if (count(bucket) >= half) expect(passed).toEqual([])
                held.push({ bucket, release })
              })
            } else if (held.length > 0) {
              const [given] = held.splice(what.release % held.length, 1)
              given?.release()
            }
            await new Promise(setImmediate)
            expect(slots.inUse()).toBe(held.length)
            expect(held.length).toBeLessThanOrEqual(capacity)
            for (const bucket of buckets) expect(count(bucket)).toBeLessThanOrEqual(limit(bucket))
            if (held.length < capacity) expect(waiting.filter((bucket) => count(bucket) < limit(bucket))).toEqual([])
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
