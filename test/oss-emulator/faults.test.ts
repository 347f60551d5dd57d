import { describe, expect, it } from 'vitest'
import { crc64Of } from '../../src/core/crc64.js'
import type { Fault, FaultRule } from '../../src/oss-emulator/fault.js'
import { createFaults } from '../../src/oss-emulator/fault.js'
import {
  call,
  complete,
  createClient,
  element,
  initiate,
  putPart,
  type RawAnswer,
  send,
  sign,
  startTestEmulator,
  until,
} from './support.js'

const body = Buffer.alloc(200_000, 'a')

const setup = async (rule: FaultRule) => {
  const emulator = await startTestEmulator()
  emulator.control.addFaults([rule])
  const put = () => call(emulator, { method: 'PUT', key: 'key', body })
  const isStored = async () => (await call(emulator, { method: 'HEAD', key: 'key' })).status === 200
  const entry = () => emulator.control.ledger().entries.find(({ operation }) => operation === rule.operation)
  return { emulator, put, isStored, entry }
}

const onPut = (fault: Fault): FaultRule => ({ operation: 'PutObject', fault })

describe('a status', () => {
  it.each(['before-body', 'after-body'] as const)('%s is answered and nothing is stored', async (when) => {
    const { put, isStored, entry } = await setup(
      onPut({ kind: 'status', status: 503, code: 'SlowDown', headers: { 'retry-after': '7' }, when }),
    )
    const answer = await put()
    expect([answer.status, element(answer.text, 'Code'), answer.headers['retry-after']]).toEqual([503, 'SlowDown', '7'])
    expect(await isStored()).toBe(false)
    expect(entry()).toMatchObject({ status: 503, stored: false })
    if (when === 'after-body') expect(entry()?.bodyBytes).toBe(body.length)
    expect((await put()).status).toBe(200)
  })

  it.each([
    ['html', 'text/html', /<html>/],
    ['empty', undefined, /^$/],
  ] as const)('may have a body of %s', async (kind, type, text) => {
    const { put } = await setup(onPut({ kind: 'status', status: 502, body: kind }))
    const answer = await put()
    expect([answer.status, answer.headers['content-type']]).toEqual([502, type])
    expect(answer.text).toMatch(text)
  })
})

it.each(['before-body', 'mid-body', 'after-body'] as const)('a reset %s stores nothing', async (at) => {
  const { put, isStored, entry } = await setup(onPut({ kind: 'reset', at }))
  await expect(put()).rejects.toMatchObject({ code: expect.stringMatching(/ECONNRESET|EPIPE/) })
  expect(await isStored()).toBe(false)
  expect(entry()).toMatchObject({ status: null, stored: false })
  if (at === 'after-body') expect(entry()?.bodyBytes).toBe(body.length)
  if (at === 'mid-body') {
    expect(entry()?.bodyBytes).toBeGreaterThanOrEqual(body.length / 2)
    expect(entry()?.bodyBytes).toBeLessThan(body.length)
  }
})

it('a lost answer takes effect', async () => {
  const { put, isStored, entry } = await setup(onPut({ kind: 'lost-answer' }))
  await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' })
  expect(await isStored()).toBe(true)
  expect(entry()).toMatchObject({ status: null, stored: true })
})

describe('a stall', () => {
  const stalled = async (at: 'before-body' | 'before-answer' | 'mid-answer', operation: 'PutObject' | 'GetObject') => {
    const emulator = await startTestEmulator()
    await call(emulator, { method: 'PUT', key: 'key', body: 'old' })
    emulator.control.addFaults([{ operation, fault: { kind: 'stall', at } }])
    const method = operation === 'PutObject' ? 'PUT' : 'GET'
    const signed = sign(createClient(emulator), { method, key: 'key', headers: { 'content-length': '3' } })
    let settled = false
    const sent = send(emulator, signed, 'new').catch((error: NodeJS.ErrnoException) => error)
    void sent.then(() => {
      settled = true
    })
    return { emulator, sent, isSettled: () => settled }
  }

  it.each([
    ['before-body', 'PutObject', false],
    ['before-answer', 'PutObject', true],
    ['mid-answer', 'PutObject', true],
    ['mid-answer', 'GetObject', false],
  ] as const)('%s of %s holds until the emulator closes', async (at, operation, stored) => {
    const { emulator, sent, isSettled } = await stalled(at, operation)
    await until(() => emulator.control.ledger().inFlight.some((entry) => entry.operation === operation))
    if (stored) await until(() => emulator.control.ledger().inFlight.some((entry) => entry.stored))
    expect((await call(emulator, { method: 'GET', key: 'key' })).text).toBe(stored ? 'new' : 'old')
    expect(isSettled()).toBe(false)
    await emulator.close()
    expect(await sent).toBeInstanceOf(Error)
  })

  it('ends when the client hangs up', async () => {
    const { emulator } = await setup(onPut({ kind: 'stall', at: 'before-answer' }))
    const signed = sign(createClient(emulator), { method: 'PUT', key: 'k', headers: { 'content-length': '1' } })
    const controller = new AbortController()
    const answer = fetch(`${emulator.url}${signed.path}`, {
      method: 'PUT',
      headers: Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== 'content-length')),
      body: 'x',
      signal: controller.signal,
    })
    await until(() => emulator.control.ledger().inFlight.length === 1)
    controller.abort()
    await expect(answer).rejects.toThrow()
    await until(() => emulator.control.ledger().entries.length === 1)
    expect(emulator.control.ledger().entries[0]?.status).toBeNull()
  })
})

it('a delay is waited for', async () => {
  const { put } = await setup(onPut({ kind: 'delay', ms: 120 }))
  const startedAt = performance.now()
  expect((await put()).status).toBe(200)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(115)
})

it('an answer is held once its call has taken effect', async () => {
  const { put, isStored } = await setup(onPut({ kind: 'delay', ms: 1_000, at: 'before-answer' }))
  let answered = false
  const answer = put().then(({ status }) => {
    answered = true
    return status
  })
  await until(isStored)
  expect(answered).toBe(false)
  expect(await answer).toBe(200)
})

describe('an altered answer', () => {
  const crc = crc64Of(body).toString()
  it.each([
    ['no-etag', (a) => a.headers['etag'] === undefined && a.headers['x-oss-hash-crc64ecma'] === crc],
    ['wrong-etag', (a) => a.headers['etag'] === `"${'0'.repeat(32)}"`],
    ['no-crc', (a) => a.headers['x-oss-hash-crc64ecma'] === undefined && a.headers['etag'] !== undefined],
    ['wrong-crc', (a) => ![undefined, crc].includes(a.headers['x-oss-hash-crc64ecma'] as string)],
    ['empty-200', (a) => a.text === '' && a.headers['etag'] === undefined],
    ['error-200', (a) => element(a.text, 'Code') === 'InternalError' && a.headers['etag'] === undefined],
    ['truncated-xml', (a) => a.text.startsWith('<?xml') && !a.text.includes('>')],
  ] satisfies [Fault & { kind: 'answer' } extends { change: infer C } ? C : never, (a: RawAnswer) => boolean][])(
    '%s is a 200 that has taken effect',
    async (change, holds) => {
      const { put, isStored } = await setup(onPut({ kind: 'answer', change }))
      const answer = await put()
      expect(answer.status).toBe(200)
      expect(holds(answer)).toBe(true)
      expect(await isStored()).toBe(true)
    },
  )

  it('of Complete is cut in the middle of its XML', async () => {
    const { emulator } = await setup({
      operation: 'CompleteMultipartUpload',
      fault: { kind: 'answer', change: 'truncated-xml' },
    })
    const uploadId = await initiate(emulator, 'key')
    const { headers } = await putPart(emulator, 'key', uploadId, 1, body)
    const answer = await complete(emulator, 'key', uploadId, [{ partNumber: 1, etag: String(headers['etag']) }])
    expect(answer.text).toContain('<CompleteMultipartUploadResult>')
    expect(answer.text).not.toContain('</CompleteMultipartUploadResult>')
  })

  it.each([
    ['no-crc', undefined],
    ['wrong-crc', (crc64Of(body) ^ 1n).toString()],
  ] as const)('%s holds for ListParts too', async (change, expected) => {
    const { emulator } = await setup({ operation: 'ListParts', fault: { kind: 'answer', change } })
    const uploadId = await initiate(emulator, 'key')
    await putPart(emulator, 'key', uploadId, 1, body)
    const listed = await call(emulator, { method: 'GET', key: 'key', query: { uploadId } })
    expect(element(listed.text, 'HashCrc64ecma')).toBe(expected)
    expect(element(listed.text, 'Size')).toBe(String(body.length))
  })
})

it('corruption flips one bit of what is stored, and the answer tells the sums of that', async () => {
  const { emulator, put } = await setup(onPut({ kind: 'corrupt' }))
  const answer = await put()
  const stored = (await call(emulator, { method: 'GET', key: 'key' })).body
  const differing = stored.filter((byte, index) => byte !== body[index])
  expect(differing).toHaveLength(1)
  expect(stored.equals(body)).toBe(false)
  expect(answer.headers['x-oss-hash-crc64ecma']).toBe(crc64Of(stored).toString())
})

it('a forgotten upload is gone for good', async () => {
  const { emulator } = await setup({ operation: 'UploadPart', fault: { kind: 'forget-upload' } })
  const uploadId = await initiate(emulator, 'key')
  const answer = await putPart(emulator, 'key', uploadId, 1, body)
  expect([answer.status, element(answer.text, 'Code')]).toEqual([404, 'NoSuchUpload'])
  expect(emulator.control.uploads()).toEqual([])
})

it('an expired token is refused', async () => {
  const { put } = await setup(onPut({ kind: 'expired-token' }))
  const answer = await put()
  expect([answer.status, element(answer.text, 'Code')]).toEqual([403, 'SecurityTokenExpired'])
})

it('a server whose clock is off refuses honest clients and takes those that follow its clock', async () => {
  const offsetMs = 3_600_000
  const { emulator } = await setup({ times: null, fault: { kind: 'skewed', offsetMs } })
  const refused = await call(emulator, { method: 'PUT', key: 'key', body: 'x' })
  expect(element(refused.text, 'Code')).toBe('RequestTimeTooSkewed')
  const serverTime = Date.parse(String(refused.headers['date']))
  expect(Math.abs(serverTime - Date.now() - offsetMs)).toBeLessThan(60_000)
  expect((await call(emulator, { method: 'PUT', key: 'key', body: 'x', date: new Date(serverTime) })).status).toBe(200)
})

describe('rules', () => {
  const fault: Fault = { kind: 'lost-answer' }
  const subject = { operation: 'UploadPart', bucket: 'b', key: 'k', partNumber: 3, headers: {} } as const
  const fired = (rules: readonly FaultRule[], calls: number): number[] => {
    const faults = createFaults()
    faults.add(rules)
    return Array.from({ length: calls }, (_, index) => index + 1).filter(() => faults.next(subject) !== null)
  }

  it.each([
    [{ fault }, [1]],
    [{ fault, times: 2 }, [1, 2]],
    [{ fault, nth: 3 }, [3]],
    [{ fault, nth: 2, times: 3 }, [2, 3, 4]],
    [{ fault, nth: 4, times: null }, [4, 5, 6]],
    [{ fault, operation: 'UploadPart', bucket: 'b', key: 'k', partNumber: 3 }, [1]],
    [{ fault, operation: 'PutObject' }, []],
    [{ fault, bucket: 'c' }, []],
    [{ fault, key: 'other' }, []],
    [{ fault, partNumber: 4 }, []],
  ] satisfies [FaultRule, number[]][])('%j fires on calls %j of six', (rule, expected) => {
    expect(fired([rule], 6)).toEqual(expected)
  })

  it('fire one at a time, the first that is due', () => {
    expect(fired([{ fault }, { fault, nth: 1 }], 4)).toEqual([1, 2])
  })

  it('with a probability fire the same for the same seed', () => {
    const rule = { fault, probability: 0.3, times: null }
    const hits = fired([{ ...rule, seed: 7 }], 1000)
    expect(fired([{ ...rule, seed: 7 }], 1000)).toEqual(hits)
    expect(fired([{ ...rule, seed: 8 }], 1000)).not.toEqual(hits)
    expect(hits.length).toBeGreaterThan(240)
    expect(hits.length).toBeLessThan(360)
  })
})
