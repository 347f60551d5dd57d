import { stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { json } from 'node:stream/consumers'
import openDatabase from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runMain } from './daemon-process.js'
import { createWorld, credentials, type World } from './world.js'

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.end())

describe('longshore serve', () => {
  it('exits 78 with one message that names every bad setting and holds no secret', async () => {
    const { code, stderr, stdout } = await runMain(['serve'], {
      LONGSHORE_CONCURRENCY: '0',
      LONGSHORE_PART_SIZE: '1 potato',
      LONGSHORE_LISTEN: '0.0.0.0:1',
      LONGSHORE_LOG_LEVEL: 'loud',
      OSS_ADDRESSING: 'sideways',
      OSS_ACCESS_KEY_ID: 'id',
      OSS_ACCESS_KEY_SECRET: credentials.accessKeySecret,
    })
    expect(code).toBe(78)
    for (const name of ['CONCURRENCY', 'PART_SIZE', 'TOKEN', 'LOG_LEVEL', 'SOURCE_ROOTS']) {
      expect(stderr).toContain(`LONGSHORE_${name}`)
    }
    expect(stderr).toContain('OSS_ADDRESSING')
    expect(stderr).toContain('OSS_REGION')
    expect(stdout + stderr).not.toContain(credentials.accessKeySecret)
  })

  it.each(['/', '/proc', '/sys/kernel', '/dev', '/etc', 'relative'])('refuses %s as a source root', async (root) => {
    const { code, stderr } = await runMain(['serve'], { ...world.settings, LONGSHORE_SOURCE_ROOTS: root })
    expect(code).toBe(78)
    expect(stderr).toContain('LONGSHORE_SOURCE_ROOTS')
  })

  it('refuses a source root inside the data directory', async () => {
    const { code } = await runMain(['serve'], { ...world.settings, LONGSHORE_DATA_DIR: world.sources })
    expect(code).toBe(78)
  })

  it('exits 75 and names the pid when another daemon holds the database', async () => {
    const daemon = await world.start()
    const { code, stderr } = await runMain(['serve'], world.settings)
    expect(code).toBe(75)
    expect(stderr).toContain(String(daemon.pid))
    expect((await daemon.request('GET', '/livez')).status).toBe(200)
  })

  it('exits 65 for a database of a newer version, and does not touch it', async () => {
    const daemon = await world.start()
    daemon.kill('SIGTERM')
    await daemon.exited
    const file = join(world.dataDir, 'longshore.db')
    const newer = openDatabase(file)
    newer.pragma('user_version = 9999')
    newer.close()
    const { code, stderr } = await runMain(['serve'], world.settings)
    expect(code).toBe(65)
    expect(stderr).toMatch(/newer/)
    const after = openDatabase(file, { readonly: true })
    expect(after.pragma('user_version', { simple: true })).toBe(9999)
    after.close()
  })

  it('shows every setting with its default in --help', async () => {
    const { code, stdout } = await runMain(['serve', '--help'], {})
    expect(code).toBe(0)
    expect(stdout).toContain('LONGSHORE_SOURCE_ROOTS')
    expect(stdout).toContain('127.0.0.1:8484')
  })

  it('says that it listens at every log level, and asks for the token that it was given', async () => {
    const daemon = await world.start({ LONGSHORE_LOG_LEVEL: 'silent', LONGSHORE_TOKEN: 'open-sesame' })
    const refused = await daemon.request('GET', '/v1/jobs')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
    const allowed = await daemon.request('GET', '/v1/jobs', undefined, { authorization: 'Bearer open-sesame' })
    expect(allowed.status).toBe(200)
    expect((await daemon.request('GET', '/livez')).status).toBe(200)
  })

  it('listens on several addresses, a unix socket among them, and takes over a stale socket', async () => {
    const socket = join(world.dataDir, '..', 'api.sock')
    const settings = { LONGSHORE_LISTEN: `127.0.0.1:0,unix:${socket}` }
    const daemon = await world.start(settings)
    const ask = () =>
      new Promise((resolve, reject) => {
        request({ socketPath: socket, path: '/v1/version', headers: { host: 'localhost' } }, (response) =>
          resolve(json(response)),
        )
          .on('error', reject)
          .end()
      })
    expect(await ask()).toHaveProperty('version')
    expect((await stat(socket)).mode & 0o777).toBe(0o660)
    daemon.kill('SIGKILL')
    await daemon.exited
    const next = await world.start(settings)
    expect(await ask()).toHaveProperty('version')
    next.kill('SIGTERM')
    expect((await next.exited).code).toBe(0)
  })
})
