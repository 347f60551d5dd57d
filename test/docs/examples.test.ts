import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from '../e2e/daemon-process.js'
import { bucket, createWorld, mib, sha256Of, type World } from '../e2e/world.js'
import { needs } from '../needs.js'

const directory = fileURLToPath(new URL('../../examples', import.meta.url))

/** This is what runs each example, and what it needs on this machine. */
const clients: readonly (readonly [file: string, command: readonly string[], needs: readonly string[]])[] = [
  ['upload.sh', ['sh'], ['curl', 'jq']],
  ['upload.py', ['python3'], ['python3']],
  ['upload.mjs', [process.execPath], []],
  ['Upload.java', ['java'], ['java']],
]

const token = 'a-token-of-the-examples'
let world: World
let daemon: DaemonProcess
beforeAll(async () => {
  world = await createWorld()
  daemon = await world.start({ LONGSHORE_TOKEN: token })
})
afterAll(() => world.end())

const run = (file: string, args: readonly string[], url = daemon.url) => {
  const [program = '', ...before] = clients.find(([name]) => name === file)?.[1] ?? []
  const env = { PATH: process.env['PATH'], LONGSHORE_URL: url, LONGSHORE_TOKEN: token }
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const child = execFile(program, [...before, `${directory}/${file}`, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    )
  })
}

it('every example is run here', async () => {
  const files = (await readdir(directory)).filter((name) => name !== 'README.md')
  expect(files.sort()).toEqual(clients.map(([file]) => file).sort())
})

describe.each(clients)('%s', (file, _command, commands) => {
  it('uploads a file and prints its receipt', async (context) => {
    needs(context, ...commands)
    const path = await world.makeSource(`${file} with "quotes" & spaces`, 12 * mib)
    const { code, stdout, stderr } = await run(file, [path, bucket, `of-${file}`])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^12582912 bytes, CRC-64 \d+, ETag [0-9A-F]+-2\n$/)
    const answer = await fetch(`${daemon.url}/v1/jobs?limit=1`, { headers: { authorization: `Bearer ${token}` } })
    const { items } = (await answer.json()) as { items: { receipt: { crc64: string } }[] }
    expect(stdout).toContain(`CRC-64 ${items[0]?.receipt.crc64},`)
    expect(await world.objectSha256(`of-${file}`)).toBe(await sha256Of(path))
  })

  it('says why a job failed, and why one was refused', async (context) => {
    needs(context, ...commands)
    const path = await world.makeSource(`small-${file}`, 10)
    expect(await run(file, [path, 'nowhere', 'x'])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^failed: no_such_bucket .*NoSuchBucket/),
    })
    expect(await run(file, ['/etc/passwd', bucket, 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('source_unavailable: '),
    })
  })

  it('tries again when the daemon is busy, with the same Idempotency-Key', async (context) => {
    needs(context, ...commands)
    const keys: unknown[] = []
    const busy = createServer((request, response) => {
      keys.push(request.headers['idempotency-key'])
      request.resume()
      if (keys.length === 1) {
        const problem = { code: 'draining', title: 'Draining', status: 503 }
        response
          .writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' })
          .end(JSON.stringify(problem))
        return
      }
      const receipt = { size: 1, crc64: '2', serverCrc64: '2', etag: 'E' }
      const job = { id: 'j', state: 'completed', error: null, receipt, finishedAt: '2026-01-01T00:00:00Z' }
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(job))
    })
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`
    const { code, stdout } = await run(file, ['/srv/in/a', bucket, 'a'], url)
    await new Promise((resolve) => busy.close(resolve))
    expect([code, stdout]).toEqual([0, '1 bytes, CRC-64 2, ETag E\n'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBeTruthy()
    expect(keys[1]).toBe(keys[0])
  })
})
