import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { settings } from '../../src/config/rows.js'
import { parseDurationMs } from '../../src/core/units.js'

const read = (name: string): Promise<string> => readFile(new URL(`../../${name}`, import.meta.url), 'utf8')

const only = (text: string, pattern: RegExp): string => {
  const found = [...text.matchAll(pattern)]
  expect(found, `one match of ${pattern}`).toHaveLength(1)
  return found[0]?.[1] ?? ''
}

const defaultOf = (name: string): string => settings.find(([setting]) => setting === name)?.[1] ?? ''

/** Returns one service of the compose file, as the lines that are indented below its name. */
const serviceOf = (compose: string, name: string): string =>
  only(compose, new RegExp(`^  ${name}:\\n((?:    .*\\n|\\n)+)`, 'gm'))

describe('docker-compose.yml', () => {
  it('lets Docker kill the daemon only when its drain timeout is over', async () => {
    const daemon = serviceOf(await read('docker-compose.yml'), 'longshore')
    const graceMs = parseDurationMs(only(daemon, /^ {4}stop_grace_period: (.+)$/gm)) ?? 0
    const drainMs = parseDurationMs(only(daemon, /^ {6}LONGSHORE_DRAIN_TIMEOUT: (.+)$/gm)) ?? 0
    expect(drainMs).toBe(parseDurationMs(defaultOf('LONGSHORE_DRAIN_TIMEOUT')))
    // After the drain timeout serve.ts grants ten seconds to close streams and the database.
    expect(graceMs).toBeGreaterThan(drainMs + 10_000)
  })

  it('gives both services an init process, a read-only root, no privileges and limits', async () => {
    const compose = await read('docker-compose.yml')
    for (const name of ['longshore', 'oss']) {
      const service = serviceOf(compose, name)
      for (const line of ['init: true', 'read_only: true', 'cap_drop: [ALL]', 'tmpfs: [/tmp]']) {
        expect(service, name).toContain(`    ${line}\n`)
      }
      expect(service, name).toMatch(/^ {4}mem_limit: /m)
    }
  })

  it('takes its token from the environment and mounts the sources read-only', async () => {
    const daemon = serviceOf(await read('docker-compose.yml'), 'longshore')
    expect(daemon).toMatch(/^ {6}LONGSHORE_TOKEN: \$\{LONGSHORE_TOKEN:\?.+\}$/m)
    expect(daemon).toMatch(/^ {6}- \$\{LONGSHORE_SOURCES:\?.+\}:\/srv\/in:ro$/m)
    expect(daemon).toContain('127.0.0.1:8484:8484')
  })

  it('sets settings that exist', async () => {
    const daemon = serviceOf(await read('docker-compose.yml'), 'longshore')
    const names = [...daemon.matchAll(/^ {6}([A-Z_]+): /gm)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(5)
    expect(settings.map(([name]) => name)).toEqual(expect.arrayContaining(names))
  })
})

describe('The image', () => {
  it('copies nothing that .dockerignore holds back', async () => {
    const copied = [...(await read('Dockerfile')).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, sources]) => sources?.split(' ') ?? [],
    )
    const allowed = (await read('.dockerignore'))
      .split('\n')
      .flatMap((line) => (line[0] === '!' ? [line.slice(1)] : []))
    expect([...new Set(copied)].sort()).toEqual(allowed.sort())
  })

  it('listens on loopback unless it is told otherwise', async () => {
    expect(only(await read('Dockerfile'), /^ +LONGSHORE_LISTEN=(\S+)$/gm)).toBe(defaultOf('LONGSHORE_LISTEN'))
  })
})

describe("The image's health check", () => {
  let server: Server | null = null
  let directory: string | null = null
  afterEach(async () => {
    if (server !== null) await new Promise((resolve) => server?.close(resolve))
    if (directory !== null) await rm(directory, { recursive: true })
    server = null
    directory = null
  })

  const serve = async (status: number, path?: string): Promise<Server> => {
    server = createServer((request, response) => {
      response.writeHead(request.url === '/livez' && request.headers.host === 'localhost' ? status : 404).end()
    })
    server.listen(path === undefined ? { host: '127.0.0.1', port: 0 } : { path })
    await once(server, 'listening')
    return server
  }

  const check = async (listen: string): Promise<number | null> => {
    const [command = '', ...args] = JSON.parse(only(await read('Dockerfile'), /^ {2}CMD (\[.+\])$/gm))
    expect(command).toBe('node')
    const child = execFile(process.execPath, args, { env: { LONGSHORE_LISTEN: listen } })
    await once(child, 'exit')
    return child.exitCode
  }

  const portOf = (listening: Server): number => (listening.address() as AddressInfo).port

  it('passes while /livez answers 200, on whichever address comes first', async () => {
    const port = portOf(await serve(200))
    expect(await check(`127.0.0.1:${port}`)).toBe(0)
    expect(await check(`0.0.0.0:${port},unix:/nowhere`)).toBe(0)
  })

  it('passes on a unix socket', async () => {
    directory = await mkdtemp(join(tmpdir(), 'longshore-health-'))
    const path = join(directory, 'api.sock')
    await serve(200, path)
    expect(await check(`unix:${path}`)).toBe(0)
  })

  it('fails when /livez answers anything else, or nobody answers', async () => {
    const listening = await serve(503)
    const address = `127.0.0.1:${portOf(listening)}`
    expect(await check(address)).toBe(1)
    await new Promise((resolve) => listening.close(resolve))
    server = null
    expect(await check(address)).toBe(1)
  })
})
