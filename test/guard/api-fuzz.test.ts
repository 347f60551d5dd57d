import fc from 'fast-check'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from '../e2e/daemon-process.js'
import { bucket, createWorld, newSeed, type World } from '../e2e/world.js'
import { type JsonSchema, problemsOf } from './json-schema.js'
import { type FuzzedRequest, type OpenApi, requestsOf } from './openapi-requests.js'

const requests = Number(process.env['FUZZ_REQUESTS'] ?? 20_000)
const seed = newSeed()
const token = 'fuzz-token'
const inFlight = 8
/** So many requests are kept in memory at once. */
const step = 500
/** Answers that are held on purpose are not waited for. */
const holding = /^(GET \/v1\/(wait|jobs\/\{id\})|POST \/v1\/drain)$/
const patienceMs = 200
const longPatienceMs = 60_000

let world: World
let daemon: DaemonProcess
let document: OpenApi
let paths: readonly string[]
const agent = new Agent({ connections: inFlight })

beforeAll(async () => {
  process.stdout.write(`R8: SEED=${seed}\n`)
  world = await createWorld()
  paths = [await world.makeSource('a.bin', 100), await world.makeSource('b.bin', 300_000)]
  daemon = await world.start({ LONGSHORE_TOKEN: token, LONGSHORE_RATE_LIMIT: 'off', LONGSHORE_LOG_LEVEL: 'error' })
  document = (await daemon.request<OpenApi>('GET', '/openapi.json')).body
})
afterAll(async () => {
  await agent.destroy()
  await world.end()
})

const hints = (jobs: readonly string[]) => ({
  id: [...jobs, 'nope'],
  job: jobs,
  path: [...paths, world.sources, '/etc/passwd', 'a.bin'],
  dir: [world.sources, `${world.sources}/..`, '/etc'],
  files: [[paths[0]], [{ path: paths[1], key: 'x' }], ['nope']],
  bucket: [bucket, 'other-bucket'],
  key: ['a', 'dir/b', '中', '../x', '/x', 'a//b'],
  prefix: ['', 'p/', 'p', '../'],
  state: ['queued', 'completed,failed', 'nope'],
  label: ['a=b', 'a', '=', ''],
  wait: ['0', '0s', 'x'],
  timeout: ['0', '0s', 'x'],
  timeoutSeconds: [0, 0.5, -1],
  limit: ['1', '1000', '0', '1001', 'x', '1e3'],
  'idempotency-key': ['k1', 'k2', 'x'.repeat(300)],
  'if-match': ['"v1"', '*', 'W/"v1"', 'x'],
  url: ['https://127.0.0.1/x', 'http://localhost', 'x'],
  dryRun: [true, false],
})

/** Returns what is wrong with the answer, or null. */
const judge = async (each: FuzzedRequest): Promise<string | null> => {
  const { method, path, headers, body, operation } = each
  const over = AbortSignal.timeout(holding.test(`${method} ${each.pattern}`) ? patienceMs : longPatienceMs)
  const answer = await request(daemon.url + path, {
    method: method as 'GET',
    headers,
    body,
    dispatcher: agent,
    signal: over,
  }).catch((error: unknown) => {
    if (over.aborted && holding.test(`${method} ${each.pattern}`)) return null
    throw error
  })
  if (answer === null) return null
  const { statusCode, headers: answered } = answer
  const type = String(answered['content-type'] ?? '').split(';')[0] ?? ''
  if (type === 'text/event-stream') {
    answer.body.on('error', () => undefined).destroy()
    return 'text/event-stream' in (operation.responses['200']?.content ?? {}) ? null : 'a stream that nobody wrote down'
  }
  const text = await answer.body.text()
  const documented = operation.responses[statusCode]
  if (documented === undefined) return `${statusCode} is not in the document: ${text.slice(0, 300)}`
  if (statusCode === 500) return `500: ${text}`
  const schema: JsonSchema | undefined = documented.content?.[type]?.schema
  if (documented.content === undefined) return text === '' ? null : `${statusCode} has a body: ${text.slice(0, 300)}`
  if (schema === undefined) return `${statusCode} as ${type} is not in the document`
  const value: unknown = type.endsWith('json') ? JSON.parse(text) : text
  const problems = problemsOf(value, schema, document.components.schemas)
  return problems.length === 0 ? null : `${statusCode}: ${problems.join('; ')}`
}

describe('Requests made from the OpenAPI document', () => {
  it('are answered as it says, every one, and never by a bug', { timeout: 7_200_000 }, async () => {
    const first = { source: { path: paths[0] }, target: { bucket, key: 'first' } }
    const { body: job } = await daemon.request<{ id: string }>('POST', '/v1/jobs', first, {
      authorization: `Bearer ${token}`,
    })
    const arbitrary = requestsOf(document, hints([job.id]), token)
    const wrong = new Map<string, string>()
    const answered = new Set<string>()
    let asked = 0
    for (let at = 0; at < requests; at += step) {
      const queue = fc.sample(arbitrary, { seed: seed + at, numRuns: Math.min(step, requests - at) })
      const worker = async (): Promise<void> => {
        for (let each = queue.pop(); each !== undefined; each = queue.pop()) {
          const problem = await judge(each)
          asked += 1
          const name = `${each.method} ${each.pattern}`
          answered.add(name)
          if (problem !== null)
            wrong.set(`${name}: ${problem}`, `${each.path} ${JSON.stringify(each.headers)} ${each.body}`)
        }
      }
      await Promise.all(Array.from({ length: inFlight }, worker))
    }
    process.stdout.write(`R8: ${asked} requests for ${answered.size} operations, ${wrong.size} wrong; SEED=${seed}\n`)
    expect([...wrong].slice(0, 12)).toEqual([])
    expect((await daemon.request('GET', '/livez')).status).toBe(200)
  })
})
