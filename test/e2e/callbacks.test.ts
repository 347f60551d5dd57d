import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { DaemonProcess } from './daemon-process.js'
import { bucket, createWorld, sha256Of, type World } from './world.js'

interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Starts an application that OSS calls back, and that answers as the test says. */
const startApplication = async () => {
  const received: Received[] = []
  const told = { status: 200, body: '{"Status":"OK"}' }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
      response.writeHead(told.status, { 'content-type': 'application/json' }).end(told.body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => new Promise((resolve) => server.close(resolve).closeAllConnections())
  return { received, told, port, url: `http://127.0.0.1:${port}/done`, close }
}

let world: World
let daemon: DaemonProcess
let application: Awaited<ReturnType<typeof startApplication>>
const sources = { put: '', multipart: '' }

beforeAll(async () => {
  world = await createWorld()
  application = await startApplication()
  sources.put = await world.makeSource('small.bin', 5000)
  sources.multipart = await world.makeSource('large.bin', 3 * 100 * 1024 + 7)
  daemon = await world.start()
})
afterAll(async () => {
  await world.end()
  await application.close()
})
beforeEach(() => {
  application.received.length = 0
  Object.assign(application.told, { status: 200, body: '{"Status":"OK"}' })
  world.control.clearLedger()
})

const modes = ['put', 'multipart'] as const
type Mode = (typeof modes)[number]
const variable = (name: string): string => `$\{${name}}`

const job = (mode: Mode, key: string, callback: object = {}) => ({
  source: { path: sources[mode] },
  target: { bucket, key },
  partSize: 100 * 1024,
  multipartThreshold: 100 * 1024,
  headers: { 'Content-Type': 'video/mp4' },
  callback: {
    url: application.url,
    body: `bucket=${variable('bucket')}&object=${variable('object')}&size=${variable('size')}&type=${variable('mimeType')}&run=${variable('x:run')}`,
    vars: { run: 'a&b' },
    ...callback,
  },
})

/** Returns the requests that make or change something, by operation. */
const made = (): string[] =>
  world.control
    .ledger()
    .entries.filter(({ stored }) => stored)
    .map(({ operation }) => operation)

describe.each(modes)('a callback of a job that goes by %s', (mode) => {
  it('is called with the variables of its body, and the job is proven though the answer is the callback’s', async () => {
    application.told.body = '{"note":"<Error> of the application"}'
    const { id } = await daemon.submit(job(mode, `${mode}/good & é`))
    const done = await daemon.settled(id)
    expect(done).toMatchObject({ state: 'completed', outcome: 'uploaded', upload: { mode }, error: null })
    expect(done.receipt?.serverCrc64).toBe(done.receipt?.crc64)
    expect(done.receipt?.etag).toMatch(/^[0-9A-F]{32}/)
    expect(application.received.map(({ body }) => Object.fromEntries(new URLSearchParams(body)))).toEqual([
      { bucket, object: `${mode}/good & é`, size: String(done.source.size), type: 'video/mp4', run: 'a&b' },
    ])
  })

  it('may be JSON, for another Host, at the second of two addresses', async () => {
    const { id } = await daemon.submit(
      job(mode, `${mode}/json`, {
        url: `http://127.0.0.1:1/nobody;${application.url}`,
        host: 'app.example',
        bodyType: 'application/json',
        body: `{"key":${variable('object')},"size":${variable('size')},"run":${variable('x:run')}}`,
      }),
    )
    const done = await daemon.settled(id)
    expect(done.state).toBe('completed')
    const [call] = application.received
    expect(call?.headers).toMatchObject({ host: 'app.example', 'content-type': 'application/json' })
    expect(JSON.parse(call?.body ?? '')).toEqual({ key: `${mode}/json`, size: done.source.size, run: 'a&b' })
  })

  it('that fails leaves the object, the receipt and callback_failed; a retry finds the object and sends nothing', async () => {
    application.told.status = 500
    const { id } = await daemon.submit(job(mode, `${mode}/bad`))
    const failed = await daemon.settled(id)
    expect(failed).toMatchObject({ state: 'failed', error: { code: 'callback_failed', ossCode: 'CallbackFailed' } })
    expect(failed.error?.requestId).not.toBeNull()
    expect(failed.receipt).toMatchObject({ size: failed.source.size, proof: 'object' })
    expect(await world.objectSha256(`${mode}/bad`)).toBe(await sha256Of(sources[mode]))
    expect(world.control.uploads().filter(({ key }) => key === `${mode}/bad`)).toEqual([])

    world.control.clearLedger()
    application.told.status = 200
    expect((await daemon.request('POST', `/v1/jobs/${id}/retry`)).status).toBe(202)
    const done = await daemon.settled(id)
    expect(done).toMatchObject({ state: 'completed', outcome: 'uploaded', error: null })
    expect(done.receipt?.crc64).toBe(failed.receipt?.crc64)
    expect(made()).toEqual([])
    expect(application.received.length).toBe(1)
  })

  it('whose answer is lost is no lost object', async () => {
    const operation = mode === 'put' ? 'PutObject' : 'CompleteMultipartUpload'
    const key = `${mode}/lost`
    world.control.addFaults([{ operation, bucket, key, fault: { kind: 'lost-answer' } }])
    const { id } = await daemon.submit(job(mode, key))
    expect(await daemon.settled(id)).toMatchObject({ state: 'completed', outcome: 'uploaded' })
    // A put is sent again, and so is its call. Complete is not, because HEAD finds the object.
    expect(application.received.length).toBe(mode === 'put' ? 2 : 1)
    expect(await world.objectSha256(key)).toBe(await sha256Of(sources[mode]))
  })

  it('of a batch is one of each of its jobs', async () => {
    const { source: _source, target: _target, ...options } = job(mode, 'any')
    const { status, body } = await daemon.request<{ id: string }>('POST', '/v1/batches', {
      ...options,
      source: {
        files: [
          { path: sources[mode], key: '1' },
          { path: sources[mode], key: '2' },
        ],
      },
      target: { bucket, prefix: `${mode}/batch` },
    })
    expect(status).toBe(201)
    expect((await daemon.request('GET', `/v1/wait?batch=${body.id}&timeout=50`)).status).toBe(200)
    const keys = application.received.map((call) => new URLSearchParams(call.body).get('object')).sort()
    expect(keys).toEqual([`${mode}/batch/1`, `${mode}/batch/2`])
  })
})

describe('a callback that OSS would refuse', () => {
  it('is a 400 that says why', async () => {
    const { status, body } = await daemon.request<{ errors: { path: string }[] }>('POST', '/v1/jobs', {
      ...job('put', 'never', { url: 'ftp://x', vars: { Run: '1' } }),
    })
    expect(status).toBe(400)
    expect(body.errors.map(({ path }) => path)).toEqual(['callback.url', 'callback.vars.Run'])
  })
})
