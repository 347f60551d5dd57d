import { afterEach, describe, expect, it } from 'vitest'
import { createLocalWakeup } from '../../src/adapters/wakeup/local-wakeup.js'
import { AppError } from '../../src/core/app-error.js'
import type { WebhookAnswer } from '../../src/core/webhook.js'
import { createWebhookAgent } from '../../src/engine/outbox/webhook-agent.js'
import type { DueWebhook } from '../../src/ports/webhooks.js'
import { jobRequest } from '../contract/store-setup.js'
import { createMemoryStore } from '../fakes/memory-store.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

type Send = (message: Pick<DueWebhook, 'id' | 'url' | 'body'>, signal: AbortSignal) => Promise<WebhookAnswer>

const ok: WebhookAnswer = { status: 204, reason: null, retryAfterMs: null }
const broken: WebhookAnswer = { status: 500, reason: 'answered 500', retryAfterMs: null }
const page = { limit: 1000, cursor: null } as const

/** Resolves when the signal aborts. */
const silence: Send = (_message, signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

/** Sets up the agent over the memory store, on a clock that jumps. */
const setup = (send: Send = async () => ok) => {
  const clock = createVirtualClock()
  const wakeup = createLocalWakeup()
  const store = createMemoryStore({ clock, wakeup })
  const tries: { id: string; host: string; at: number }[] = []
  const lines: string[] = []
  const write = (_fields: object, message: string) => void lines.push(message)
  const logger = { debug: write, info: write, warn: write, error: write, child: () => logger }
  let inFlight = 0
  let most = 0
  const startedAt = clock.monotonic()
  const sender = {
    refusal: () => null,
    close: () => undefined,
    send: async (message: Pick<DueWebhook, 'id' | 'url' | 'body'>, signal: AbortSignal) => {
      tries.push({ id: message.id, host: new URL(message.url).host, at: clock.monotonic() - startedAt })
      most = Math.max(most, ++inFlight)
      return send(message, signal).finally(() => inFlight--)
    },
  }
  const storage = { opens: async (signal: AbortSignal) => !signal.aborted }
  const start = (faulty = store) => {
    const agent = createWebhookAgent({ store: faulty, storage, sender, wakeup, clock, random: () => 0.5, logger })
    agent.start()
    endings.push(() => agent.stop())
    return agent
  }
  endings.push(() => clock.stop())
  let jobs = 0
  const submit = (host = 'a.example') =>
    store.submit(
      jobRequest(`job-${++jobs}`, {
        options: { ...jobRequest('x').options, webhook: { url: `https://${host}/`, events: ['job.queued'] } },
      }),
      null,
    )
  const states = async () => (await store.webhooks({}, page)).items.map(({ state }) => state)
  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await new Promise(setImmediate)
  }
  return { clock, store, start, submit, states, until, tries, lines, most: () => most }
}

describe('the agent of webhooks', () => {
  it('delivers what is committed, at once', async () => {
    const { start, submit, states, until, tries } = setup()
    start()
    await submit()
    await until(async () => (await states())[0] === 'delivered')
    expect(tries).toHaveLength(1)
  })

  it('tries again with growing waits under the same id, and counts', async () => {
    const { start, submit, store, until, tries, lines } = setup(async () => (tries.length < 4 ? broken : ok))
    start()
    await submit()
    await until(async () => (await store.webhooks({}, page)).items[0]?.state === 'delivered')
    expect(new Set(tries.map(({ id }) => id)).size).toBe(1)
    const gaps = tries.slice(1).map(({ at }, index) => at - (tries[index]?.at ?? 0))
    expect(gaps).toEqual([5_000, 15_000, 45_000])
    expect((await store.webhooks({}, page)).items).toMatchObject([{ attempts: 4, status: 204, reason: null }])
    expect(lines).toContain('A webhook is tried again later')
  })

  it('gives a message up that nobody took for three days, and says so', async () => {
    const { start, submit, states, until, lines, clock } = setup(async () => broken)
    start()
    await submit()
    await until(async () => (await states())[0] === 'failed')
    expect(clock.monotonic()).toBeGreaterThan(2.5 * 86_400_000)
    expect(clock.monotonic()).toBeLessThan(3.5 * 86_400_000)
    expect(lines.some((line) => line.includes('given up') || line.includes('is given up'))).toBe(true)
  })

  it('takes fifteen seconds of silence for a failure', async () => {
    const { start, submit, store, until, tries } = setup((message, signal) =>
      tries.length === 1 ? silence(message, signal) : Promise.resolve(ok),
    )
    start()
    await submit()
    await until(async () => (await store.webhooks({}, page)).items[0]?.attempts === 1)
    expect((await store.webhooks({}, page)).items).toMatchObject([{ status: null, reason: 'no answer within 15 s' }])
    await until(async () => (await store.webhooks({}, page)).items[0]?.state === 'delivered')
  })

  it('sends few at a time to one host and a bounded number in all, while others are served', async () => {
    const held: (() => void)[] = []
    const { start, submit, until, tries, states, most } = setup(({ url }) =>
      url.includes('slow') ? new Promise((resolve) => held.push(() => resolve(ok))) : Promise.resolve(ok),
    )
    for (let n = 0; n < 20; n++) await submit('slow.example')
    for (let n = 0; n < 20; n++) await submit(`host${n}.example`)
    start()
    await until(() => tries.filter(({ host }) => host !== 'slow.example').length === 20)
    expect(held).toHaveLength(4)
    expect(most()).toBeLessThanOrEqual(16)
    await until(async () => {
      for (const go of held.splice(0)) go()
      return (await states()).every((state) => state === 'delivered')
    })
    expect(tries).toHaveLength(40)
  })

  it('leaves a dead host alone but for a probe now and then, delivers all when it is back', async () => {
    let dead = true
    const { start, submit, until, tries, states, lines, clock } = setup(async () => (dead ? broken : ok))
    for (let n = 0; n < 50; n++) await submit('dead.example')
    const agent = start()
    await until(() => agent.restingHosts().length === 1)
    const before = tries.length
    expect(before).toBeLessThanOrEqual(12)
    const at = clock.monotonic()
    await until(() => clock.monotonic() > at + 3_600_000)
    expect(tries.length - before).toBeLessThanOrEqual(40)
    expect(tries.length - before).toBeGreaterThan(5)
    expect(lines.filter((line) => line.startsWith('A receiver of webhooks fails'))).toHaveLength(1)
    dead = false
    await until(async () => (await states()).every((state) => state === 'delivered'))
    expect(agent.restingHosts()).toEqual([])
  })

  it('breaks off when it stops, and delivers after the next start under the same id', async () => {
    let alive = false
    const { start, submit, until, tries, states } = setup((message, signal) =>
      alive ? Promise.resolve(ok) : silence(message, signal),
    )
    const first = start()
    await submit()
    await until(() => tries.length === 1)
    await first.stop()
    expect(await states()).toEqual(['pending'])
    alive = true
    start()
    await until(async () => (await states())[0] === 'delivered')
    expect(tries[1]?.id).toBe(tries[0]?.id)
  })

  it('sends again what it could not note down', async () => {
    const { start, submit, until, tries, states, store, lines } = setup()
    let failures = 2
    start({
      ...store,
      noteWebhook: async (...args) => {
        if (failures-- > 0) throw new AppError('storage_full', 'full')
        return store.noteWebhook(...args)
      },
    })
    await submit()
    await until(async () => (await states())[0] === 'delivered')
    expect(tries).toHaveLength(3)
    expect(lines.filter((line) => line.startsWith('The end of a webhook could not be stored'))).toHaveLength(2)
  })

  it('delivers each message once although two agents work on one store, and four to a host at a time', async () => {
    const { start, submit, until, tries, states, clock, most } = setup(() => clock.sleep(2_000).then(() => ok))
    for (let n = 0; n < 24; n++) await submit(`host${n % 2}.example`)
    start()
    start()
    await until(async () => (await states()).every((state) => state === 'delivered'))
    expect(tries.map(({ id }) => id).sort()).toEqual([...new Set(tries.map(({ id }) => id))].sort())
    expect(tries).toHaveLength(24)
    expect(most()).toBe(8)
  })

  it('leaves what another agent broke off to the others at once, and what one died over when its lease is over', async () => {
    const { start, submit, until, tries, states, clock } = setup((message, signal) =>
      tries.length <= 2 ? silence(message, signal) : Promise.resolve(ok),
    )
    const stopped = start()
    await submit()
    await until(() => tries.length === 1)
    const other = start()
    await stopped.stop()
    await until(() => tries.length === 2)
    expect(tries[1]?.at).toBe(tries[0]?.at)
    expect(await states()).toEqual(['pending'])
    await other.stop()
    expect(clock.monotonic()).toBeLessThan(15_000)
  })

  it('outlives a bug of the sender', async () => {
    const { start, submit, until, tries, states } = setup(async () => {
      if (tries.length === 1) throw new Error('bug')
      return ok
    })
    start()
    await submit()
    await until(async () => (await states())[0] === 'delivered')
  })
})
