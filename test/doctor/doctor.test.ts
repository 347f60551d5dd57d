import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { openFilesLimit } from '../../src/config/open-files.js'
import { examineChecksums, examineListeners, examineNode, examineOpenFiles } from '../../src/doctor/machine.js'
import { judgeRules, judgeSkew } from '../../src/doctor/oss.js'

const day = 24 * 60 * 60_000

describe('The doctor judges', () => {
  it.each([
    [0, 'ok'],
    [59_000, 'ok'],
    [-61_000, 'warning'],
    [899_000, 'warning'],
    [900_000, 'failed'],
    [-3_600_000, 'failed'],
  ])('a clock that is %i ms off as %s', (skew, status) => {
    expect(judgeSkew(skew).status).toBe(status)
    if (status !== 'ok')
      expect(judgeSkew(skew)).toMatchObject({ detail: expect.stringMatching(skew > 0 ? /ahead/ : /behind/) })
  })

  it('lifecycle rules by whether they end an upload before the daemon does', () => {
    const rule = { id: 'r', prefix: '', days: 3, before: null }
    const judge = (changes: Partial<typeof rule> | { days: null; before: string }, prefix = 'in/') =>
      judgeRules({ bucket: 'b', prefix }, [{ ...rule, ...changes }], 7 * day).map(({ status }) => status)
    expect(judge({})).toEqual(['warning'])
    expect(judge({ days: 7 })).toEqual(['ok'])
    expect(judge({ prefix: 'other/' })).toEqual(['ok'])
    expect(judge({ prefix: 'in/deeper/' })).toEqual(['warning'])
    expect(judge({ prefix: 'i' })).toEqual(['warning'])
    expect(judge({ days: null, before: '2026-01-01T00:00:00.000Z' })).toEqual(['warning'])
  })

  it('the limit of open files against the concurrency', () => {
    const limits = (soft: string) =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}    4096  files\n`
    expect(openFilesLimit(limits('unlimited'))).toBe(Number.POSITIVE_INFINITY)
    expect(examineOpenFiles(16, limits('1024')).status).toBe('ok')
    expect(examineOpenFiles(1024, limits('1024'))).toMatchObject({
      status: 'failed',
      remedy: expect.stringContaining('ulimit'),
    })
    expect(examineOpenFiles(16, '').status).toBe('skipped')
  })

  it.each(['v20.20.2', 'v22.23.0'])('Node.js %s as safe', (version) => {
    expect(examineNode(version).status).toBe('ok')
  })

  it.each(['v24.0.0', 'v24.19.1', 'v26.1.0'])('Node.js %s as one to warn of', (version) => {
    expect(examineNode(version)).toMatchObject({ status: 'warning', detail: expect.stringContaining(version) })
  })

  it('the engine of checksums', () => {
    expect(examineChecksums('pclmul').status).toBe('ok')
    expect(examineChecksums('wasm')).toMatchObject({
      status: 'warning',
      remedy: expect.stringContaining('npm rebuild'),
    })
  })

  it('who listens where the daemon would', async () => {
    let status = 200
    const server = createServer((_request, response) => response.writeHead(status).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const look = async () => (await examineListeners([{ kind: 'tcp', host: '127.0.0.1', port }]))[0]
    expect(await look()).toMatchObject({ status: 'ok', detail: expect.stringContaining('a daemon answers') })
    status = 404
    expect(await look()).toMatchObject({ status: 'failed', detail: expect.stringContaining('something else') })
    await new Promise((resolve) => server.close(resolve))
    expect(await look()).toMatchObject({ status: 'ok', detail: expect.stringContaining('is free') })
    // The kernel refuses every connection to this address.
    const [nowhere] = await examineListeners([{ kind: 'tcp', host: '255.255.255.255', port }])
    expect(nowhere).toMatchObject({ status: 'failed', detail: expect.stringContaining('cannot be reached') })
  })
})
