import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from '../e2e/daemon-process.js'
import { bucket, createWorld, credentials, until, type World } from '../e2e/world.js'

/** These are all secrets that a daemon is given, each recognisable, and what encodings make of them. */
const canaries = {
  accessKeySecret: 'canary-oss-secret-7f3a',
  sessionToken: 'canary-session-token-91bc',
  adminToken: 'canary-admin-token-44de',
  readToken: 'canary-read-token-0a7e',
  wrongToken: 'canary-wrong-token-5b2d',
  webhookSecret: `whsec_${Buffer.from('canary-webhook-secret-c0de').toString('base64')}`,
  proxyPassword: 'canary-proxy-password-e21f',
}
const disguises = Object.entries(canaries).flatMap(([name, secret]) =>
  [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=*$/, ''),
    Buffer.from(secret).toString('hex'),
  ].map((text) => ({ name, text })),
)

let world: World
let heard = ''
beforeAll(async () => {
  world = await createWorld()
  world.control.setCredentials([
    { ...credentials, accessKeySecret: canaries.accessKeySecret, securityToken: canaries.sessionToken },
  ])
})
afterAll(() => world.end())

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Asks in many ways, and keeps everything that is answered. */
const ask = async (
  daemon: DaemonProcess,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
) => {
  const response = await fetch(daemon.url + path, {
    method,
    headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  heard += `${response.status} ${JSON.stringify([...response.headers])} ${text}\n`
  return text
}

const listen = async (daemon: DaemonProcess, signal: AbortSignal): Promise<void> => {
  const response = await fetch(`${daemon.url}/v1/events`, { headers: bearer(canaries.readToken), signal })
  for await (const chunk of response.body ?? []) heard += Buffer.from(chunk).toString('latin1')
}

const filesOf = async (directory: string): Promise<string> => {
  const names = await readdir(directory)
  return (await Promise.all(names.map((name) => readFile(join(directory, name), 'latin1')))).join('\n')
}

describe('Secrets', () => {
  it('show up nowhere: not in the database, the log, events, answers and metrics', { timeout: 300_000 }, async () => {
    const tokens = join(world.sources, '..', 'tokens')
    await writeFile(tokens, `admin:${canaries.adminToken} name=ops\nread:${canaries.readToken} name=eyes\n`)
    const path = await world.makeSource('a.bin', 300_000)
    const big = await world.makeSource('big.bin', 11 * 1024 * 1024)
    const settings = {
      OSS_ACCESS_KEY_SECRET: canaries.accessKeySecret,
      OSS_SESSION_TOKEN: canaries.sessionToken,
      LONGSHORE_TOKEN_FILE: tokens,
      LONGSHORE_WEBHOOK_SECRET: canaries.webhookSecret,
      LONGSHORE_LOG_LEVEL: 'trace',
      LONGSHORE_DRAIN_TIMEOUT: '1s',
      DEBUG: '*',
    }
    const everything: string[] = []
    for (const proxy of [`http://user:${canaries.proxyPassword}@127.0.0.1:9`, '']) {
      const daemon = await world.start({ ...settings, HTTP_PROXY: proxy })
      const over = new AbortController()
      const listening = listen(daemon, over.signal).catch(() => undefined)
      const admin = bearer(canaries.adminToken)
      const submit = async (key: string, source = path, more = {}) =>
        JSON.parse(
          await ask(daemon, 'POST', '/v1/jobs', admin, { source: { path: source }, target: { bucket, key }, ...more }),
        ) as { id: string }
      const jobs = [await submit(`small${proxy.length}`), await submit(`big${proxy.length}`, big)]
      await submit(`bad${proxy.length}`, `/nowhere/${canaries.wrongToken}`.replace(canaries.wrongToken, 'x'))
      if (proxy === '') {
        const fault = { kind: 'status', status: 403, code: 'AccessDenied' } as const
        world.control.addFaults([{ operation: 'PutObject', key: 'denied', times: 1, fault }])
        jobs.push(await submit('denied'))
        for (const { id } of jobs)
          await until(async () => /"finishedAt":"/.test(await ask(daemon, 'GET', `/v1/jobs/${id}?wait=5s`, admin)))
      } else {
        await until(async () => /"waiting":"(endpoint|backoff)"/.test(await ask(daemon, 'GET', '/v1/jobs', admin)))
        for (const { id } of jobs) await ask(daemon, 'POST', `/v1/jobs/${id}/cancel`, admin)
      }
      await ask(daemon, 'GET', `/v1/jobs?token=${canaries.wrongToken}`, bearer(canaries.wrongToken))
      await ask(daemon, 'GET', '/v1/orphans', admin)
      await ask(daemon, 'POST', '/v1/session', { ...admin, origin: daemon.url })
      await ask(daemon, 'POST', '/v1/session', {}, { token: canaries.wrongToken })
      for (const page of [
        '/v1/jobs',
        '/v1/stats',
        '/v1/stats/history',
        '/v1/settings',
        '/v1/webhooks',
        '/metrics',
        '/readyz',
        '/openapi.json',
        '/nowhere',
      ]) {
        await ask(daemon, 'GET', page, admin)
        await ask(daemon, 'GET', page, bearer(canaries.wrongToken))
      }
      over.abort()
      await listening
      daemon.kill('SIGTERM')
      const { stdout, stderr } = await daemon.exited
      everything.push(stdout, stderr, await filesOf(world.dataDir))
    }
    const haystack = [...everything, heard].join('\n')
    const hits = disguises.filter(({ text }) => haystack.includes(text)).map(({ name, text }) => `${name} as ${text}`)
    process.stdout.write(
      `R11: ${Object.keys(canaries).length} secrets in ${haystack.length} bytes of database, log, events and answers: ${hits.length} hits\n`,
    )
    expect(hits).toEqual([])
    // What was searched is what the daemon really said.
    expect(haystack).toMatch(/"by":"ops"/)
    expect(haystack).toContain('event: job.completed')
    expect(haystack).toContain('access_denied')
    expect(haystack).toContain(credentials.accessKeyId.slice(0, 4))
  })
})
