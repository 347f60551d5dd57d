import { describe, expect, it } from 'vitest'
import { startEmulator } from '../../src/oss-emulator/emulator.js'
import {
  call,
  createClient,
  credentials,
  initiate,
  makeDirectory,
  putPart,
  send,
  sign,
  startTestEmulator,
} from './support.js'

const setup = async (faultControl = true) => {
  const emulator = await startTestEmulator({ faultControl })
  const control = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${emulator.url}/-/control/${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const put = (key: string) => call(emulator, { method: 'PUT', key, body: 'text' })
  return { emulator, control, put }
}

it('faults are added, fire, and are cleared', async () => {
  const { control, put } = await setup()
  const rule = { operation: 'PutObject', times: null, fault: { kind: 'status', status: 503 } }
  expect(await control('POST', 'faults', rule)).toEqual({ status: 200, body: { ids: ['1'] } })
  expect(await control('POST', 'faults', [rule, rule])).toEqual({ status: 200, body: { ids: ['2', '3'] } })
  expect((await put('key')).status).toBe(503)
  expect((await control('DELETE', 'faults')).status).toBe(200)
  expect((await put('key')).status).toBe(200)
})

it.each([
  ['not json', '{', /JSON/],
  ['no object', 7, /object/],
  ['no fault', { nth: 1 }, /fault must be an object/],
  ['an unknown field', { fault: { kind: 'corrupt' }, often: 1 }, /often is not a known field/],
  ['an unknown kind', { fault: { kind: 'fire' } }, /fault\.kind/],
  ['an inherited name as kind', { fault: { kind: 'constructor' } }, /fault\.kind/],
  ['a kind without its fields', { fault: { kind: 'reset' } }, /fault\.at must be one of/],
  ['a field of another kind', { fault: { kind: 'corrupt', at: 'mid-body' } }, /fault\.at is not a known field/],
  ['an unknown operation', { operation: 'Put', fault: { kind: 'corrupt' } }, /operation/],
  ['a zeroth call', { nth: 0, fault: { kind: 'corrupt' } }, /nth/],
  ['a probability over 1', { probability: 2, fault: { kind: 'corrupt' } }, /probability/],
  ['a status that is none', { fault: { kind: 'status', status: 42 } }, /status/],
])('a rule with %s is refused with a reason', async (_name, rule, reason) => {
  const { control } = await setup()
  const answer = await control('POST', 'faults', rule)
  expect(answer.status).toBe(400)
  expect(answer.body['error']).toMatch(reason)
})

it('every fault that can be written in process can be sent', async () => {
  const { control } = await setup()
  const faults = [
    { kind: 'status', status: 503, code: 'X', body: 'html', headers: { a: 'b' }, when: 'after-body' },
    { kind: 'reset', at: 'mid-body' },
    { kind: 'lost-answer' },
    { kind: 'stall', at: 'mid-answer' },
    { kind: 'delay', ms: 0 },
    { kind: 'delay', ms: 0, at: 'before-answer' },
    { kind: 'answer', change: 'no-crc' },
    { kind: 'corrupt' },
    { kind: 'forget-upload' },
    { kind: 'expired-token' },
    { kind: 'skewed', offsetMs: -5 },
  ]
  const rules = faults.map((fault) => {
    return {
      operation: 'UploadPart',
      bucket: 'b',
      key: 'k',
      partNumber: 1,
      nth: 1,
      times: null,
      probability: 1,
      seed: 1,
      fault,
    }
  })
  expect((await control('POST', 'faults', rules)).body).toEqual({ ids: faults.map((_, index) => String(index + 1)) })
})

describe('the ledger', () => {
  it('tells every request that has ended, after a cursor', async () => {
    const { emulator, control, put } = await setup()
    await put('a')
    const uploadId = await initiate(emulator, 'b')
    await putPart(emulator, 'b', uploadId, 7, 'part')
    await call(emulator, { method: 'HEAD', key: 'nothing' })
    const { body } = await control('GET', 'ledger')
    expect(body['lastSeq']).toBe(4)
    expect(body['entries']).toMatchObject([
      { seq: 1, operation: 'PutObject', bucket: 'test-bucket', key: 'a', bodyBytes: 4, status: 200, stored: true },
      { seq: 2, operation: 'InitiateMultipartUpload', key: 'b', bodyBytes: 0, status: 200, stored: true },
      { seq: 3, operation: 'UploadPart', key: 'b', partNumber: 7, uploadId, bodyBytes: 4, status: 200, stored: true },
      { seq: 4, operation: 'HeadObject', key: 'nothing', status: 404, stored: false },
    ])
    expect((await control('GET', 'ledger?after=3')).body['entries']).toHaveLength(1)
    expect((await control('GET', 'ledger?after=4')).body['entries']).toEqual([])
    expect((await control('GET', 'ledger?after=x')).status).toBe(400)
  })

  it('can be cleared, and cursors stay good', async () => {
    const { control, put } = await setup()
    await put('a')
    await control('DELETE', 'ledger')
    expect((await control('GET', 'ledger')).body).toEqual({ entries: [], lastSeq: 1, inFlight: [] })
    await put('b')
    expect((await control('GET', 'ledger?after=1')).body['entries']).toMatchObject([{ seq: 2, key: 'b' }])
  })

  it('has the answer of every request that a client knows of', async () => {
    const { emulator } = await setup()
    await call(emulator, { method: 'PUT', key: 'key', body: Buffer.alloc(700_000) })
    for (let n = 1; n <= 50; n++) {
      await call(emulator, { method: 'GET', key: 'key' })
      expect(emulator.control.ledger().lastSeq).toBe(n + 1)
    }
  })
})

it('open uploads are listed with their parts', async () => {
  const { emulator, control } = await setup()
  const uploadId = await initiate(emulator, 'b')
  const { headers } = await putPart(emulator, 'b', uploadId, 2, 'part')
  expect((await control('GET', 'uploads')).body).toMatchObject({
    uploads: [
      {
        bucket: 'test-bucket',
        key: 'b',
        uploadId,
        sequential: false,
        parts: [{ partNumber: 2, size: 4, etag: String(headers['etag']).replaceAll('"', '') }],
      },
    ],
  })
})

it.each([
  [{ bytesPerSecond: 1_000_000 }, 200],
  [{ bytesPerSecond: null }, 200],
  [{ bytesPerSecond: 0 }, 400],
  [{}, 400],
])('a bandwidth of %j is answered %i', async (body, status) => {
  const { control } = await setup()
  expect((await control('PUT', 'bandwidth', body)).status).toBe(status)
})

const keys = { accessKeyId: 'id-2', accessKeySecret: 'secret-2', securityToken: 'token-2' }

it.each([
  [{ credentials: [keys] }, 200],
  [{ credentials: [] }, 200],
  [{ credentials: [{ ...keys, expiresAt: '2026-01-01T00:00:00Z' }, keys] }, 200],
  [{ credentials: [{ ...keys, expiresAt: 'soon' }] }, 400],
  [{ credentials: [{ ...keys, accessKeySecret: '' }] }, 400],
  [{ credentials: [null] }, 400],
  [{ credentials: keys }, 400],
  [{}, 400],
])('keys as %j are answered %i', async (body, status) => {
  const { control } = await setup()
  expect((await control('PUT', 'credentials', body)).status).toBe(status)
})

it('new keys take the place of the old', async () => {
  const { emulator, control, put } = await setup()
  expect((await put('a')).status).toBe(200)
  await control('PUT', 'credentials', { credentials: [keys] })
  expect((await put('a')).status).toBe(403)
  await control('PUT', 'credentials', { credentials: [keys, credentials] })
  expect((await put('a')).status).toBe(200)
  expect(emulator.control.ledger().entries.map(({ status }) => status)).toEqual([200, 403, 200])
})

describe('who may use it', () => {
  it('nobody, unless fault control is on', async () => {
    const { control } = await setup(false)
    expect((await control('GET', 'ledger')).status).toBe(404)
    expect((await control('POST', 'faults', { fault: { kind: 'corrupt' } })).status).toBe(404)
  })

  it('no web page', async () => {
    const { control } = await setup()
    expect((await control('GET', 'ledger', undefined, { origin: 'http://evil.test' })).status).toBe(403)
  })

  it('no other address than loopback', async () => {
    const directory = await makeDirectory()
    const start = startEmulator({ directory, host: '0.0.0.0', buckets: [], credentials, faultControl: true })
    await expect(start).rejects.toThrow(/loopback/)
  })

  it('knows no other path', async () => {
    const { control } = await setup()
    expect((await control('GET', 'nothing')).status).toBe(404)
    expect((await control('GET', '__proto__')).status).toBe(404)
  })

  it('is no bucket', async () => {
    const { emulator } = await setup(false)
    const signed = sign(createClient(emulator), { method: 'PUT', bucket: '-', key: 'control/x' })
    expect((await send(emulator, signed)).status).toBe(404)
  })
})
