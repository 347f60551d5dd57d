import { afterEach, describe, expect, it } from 'vitest'
import type { ProgressView } from '../../src/core/job-view.js'
import { bucket, createWorld, mib, type World } from './world.js'

let world: World
afterEach(() => world.end())

interface Message {
  readonly id: string | null
  readonly event: string
  readonly data: {
    readonly id?: string
    readonly type: string
    readonly jobId: string
    readonly batchId?: string
    readonly progress?: ProgressView
  }
}

const parse = (block: string): Message | null => {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const data = fields.get('data')
  if (data === undefined) return null
  return { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data: JSON.parse(data) }
}

/** Reads a stream as curl -N would, until `enough` returns true. */
const read = async (
  url: string,
  headers: Record<string, string>,
  enough: (message: Message) => boolean,
): Promise<Message[]> => {
  const hangUp = new AbortController()
  const response = await fetch(url, { headers, signal: hangUp.signal })
  expect(response.headers.get('content-type')).toMatch('text/event-stream')
  const messages: Message[] = []
  let text = ''
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const message = parse(block)
        if (message === null) continue
        messages.push(message)
        if (enough(message)) return messages
      }
    }
    return messages
  } finally {
    hangUp.abort()
  }
}

const isCompleted = ({ event }: Message): boolean => event === 'job.completed'

describe('the event stream', () => {
  it('shows the life of a job, and a reconnect at any event misses nothing', async () => {
    world = await createWorld({ bandwidth: 30_000_000 })
    const path = await world.makeSource('file.bin', 30 * mib)
    const daemon = await world.start()
    const live = read(`${daemon.url}/v1/events`, {}, isCompleted)
    // The stream begins with what happens from now on, so it must be open before the job is made.
    await read(`${daemon.url}/v1/events?after=nothing-0`, {}, ({ event }) => event === 'reset')
    const { id } = await daemon.submit({ source: { path }, target: { bucket, key: 'file.bin' } })
    const messages = await live

    const stored = messages.filter((message) => message.id !== null && message.event !== 'ready')
    expect(stored.map(({ event }) => event)).toEqual([
      'job.queued',
      'job.running',
      'part.uploaded',
      'part.uploaded',
      'part.uploaded',
      'job.completing',
      'job.completed',
    ])
    for (const { id: eventId, event, data } of stored)
      expect(data).toMatchObject({ id: eventId, type: event, jobId: id })
    const progress = messages.filter(({ event }) => event === 'job.progress')
    expect(progress.length).toBeGreaterThan(0)
    expect(progress.every((message) => message.id === null)).toBe(true)
    // This holds also in the first run, which plans the upload itself.
    const told = progress.flatMap(({ data }) => data.progress ?? [])
    const moving = told.filter(({ bytesUploaded, bytesInFlight }) => bytesUploaded + bytesInFlight > 0)
    expect(moving.length).toBeGreaterThan(0)
    expect(new Set(moving.map(({ partsTotal }) => partsTotal))).toEqual(new Set([3]))

    const ids = stored.map((message) => message.id)
    for (const [index, eventId] of ids.slice(0, -1).entries()) {
      const rest = await read(`${daemon.url}/v1/events`, { 'last-event-id': eventId ?? '' }, isCompleted)
      expect(rest.filter((message) => message.id !== null).map((message) => message.id)).toEqual(ids.slice(index + 1))
    }
    const own = await read(`${daemon.url}/v1/jobs/${id}/events?after=${ids[0]}`, {}, isCompleted)
    expect(own.filter((message) => message.id !== null).map((message) => message.id)).toEqual(ids.slice(1))
  })

  it("shows how the bytes of a batch's jobs move, and of no others", async () => {
    world = await createWorld({ bandwidth: 12_000_000 })
    const paths = await Promise.all(['a', 'b', 'other'].map((name) => world.makeSource(name, 12 * mib)))
    const daemon = await world.start()
    const [first, second, other] = paths
    const { id: others } = await daemon.submit({ source: { path: other }, target: { bucket, key: 'other' } })
    const request = { source: { files: [first, second] }, target: { bucket, prefix: 'in' } }
    const { id } = (await daemon.request<{ id: string }>('POST', '/v1/batches', request)).body
    const all = read(`${daemon.url}/v1/events`, {}, ({ event }) => event === 'batch.completed')
    const messages = await read(
      `${daemon.url}/v1/events?batch=${id}&after=oldest`,
      {},
      ({ event }) => event === 'batch.completed',
    )
    const movingIn = (these: readonly Message[]) =>
      new Set(these.filter(({ event }) => event === 'job.progress').map(({ data }) => data.jobId))
    const jobs = (await daemon.request<{ items: { id: string }[] }>('GET', `/v1/batches/${id}/jobs`)).body.items
    expect([...movingIn(messages)].sort()).toEqual(jobs.map((job) => job.id).sort())
    expect(movingIn(await all)).toContain(others)
    const stored = messages.filter((message) => message.id !== null)
    expect(stored.every(({ data }) => data.batchId === id)).toBe(true)
    expect(stored.filter(({ event }) => event === 'job.completed')).toHaveLength(2)
  })

  it('replays across a kill -9 of the daemon', async () => {
    world = await createWorld()
    const path = await world.makeSource('file.bin', 11 * mib)
    const daemon = await world.start()
    const live = read(`${daemon.url}/v1/events`, {}, isCompleted)
    await read(`${daemon.url}/v1/events?after=nothing-0`, {}, ({ event }) => event === 'reset')
    await daemon.submit({ source: { path }, target: { bucket, key: 'file.bin' } })
    const ids = (await live).flatMap((message) => (message.id === null ? [] : [message.id]))
    daemon.kill('SIGKILL')
    await daemon.exited
    const next = await world.start()
    const replayed = await read(`${next.url}/v1/events`, { 'last-event-id': ids[0] ?? '' }, isCompleted)
    expect(replayed.map((message) => message.id)).toEqual(ids.slice(1))
  })

  it('loses nothing of a kill -9 to a client that had heard nothing yet', async () => {
    world = await createWorld()
    const path = await world.makeSource('file.bin', 1000)
    const before = await world.start()
    const [ready] = await read(`${before.url}/v1/events`, {}, () => true)
    expect(ready).toMatchObject({ event: 'ready', data: { id: ready?.id, type: 'ready' } })
    const { id } = await before.submit({ source: { path }, target: { bucket, key: 'file.bin' } })
    before.kill('SIGKILL')
    await before.exited
    const after = await world.start()
    const messages = await read(`${after.url}/v1/jobs/${id}/events`, { 'last-event-id': ready?.id ?? '' }, isCompleted)
    expect(messages[0]).toMatchObject({ event: 'job.queued', data: { jobId: id } })
  })

  it('shows the jobs that carry a label, their parts and progress, and no others', async () => {
    world = await createWorld()
    const path = await world.makeSource('file.bin', 11 * mib)
    const daemon = await world.start()
    const [reset] = await read(`${daemon.url}/v1/events?after=nothing-0`, {}, ({ event }) => event === 'reset')
    const submit = async (key: string, labels: Record<string, string>): Promise<string> =>
      (await daemon.settled((await daemon.submit({ source: { path }, target: { bucket, key }, labels })).id)).id
    await submit('other', { run: '41' })
    await submit('bare', {})
    const wanted = await submit('wanted', { run: '42' })
    const messages = await read(`${daemon.url}/v1/events?after=${reset?.id}&label=run%3D42`, {}, isCompleted)
    expect(messages.map(({ data }) => data.jobId)).toEqual(messages.map(() => wanted))
    expect(messages.map(({ event }) => event)).toEqual([
      'job.queued',
      'job.running',
      'part.uploaded',
      'part.uploaded',
      'job.completing',
      'job.completed',
    ])
    const any = await read(
      `${daemon.url}/v1/events?after=${reset?.id}&label=run`,
      {},
      ({ data }) => data.jobId === wanted,
    )
    expect(new Set(any.map(({ data }) => data.jobId)).size).toBe(2)
  })
})
