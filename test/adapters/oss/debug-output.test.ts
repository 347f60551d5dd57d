import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { createWorld, mib } from '../../e2e/world.js'

const askedToTalk = { DEBUG: 'ali-oss,*', NODE_DEBUG: 'http,https,net,tls' }
const secretOrSignature = /OSS4-HMAC-SHA256|canary|accessKeySecret|Signature=/i

it('12: DEBUG and NODE_DEBUG make ali-oss print signatures, but not in the daemon', async () => {
  const talk = `
    const OSS = require('ali-oss')
    const client = new OSS({ accessKeyId: 'id', accessKeySecret: 'canary', bucket: 'bucket', region: 'oss-cn-hangzhou',
      authorizationV4: true, urllib: { request: async () => ({ status: 200, headers: {}, data: '', res: {} }) } })
    client.head('a')`
  const plain = spawnSync(process.execPath, ['-e', talk], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...askedToTalk },
    encoding: 'utf8',
  })
  expect(plain.stderr).toMatch(secretOrSignature)

  const world = await createWorld()
  try {
    const daemon = await world.start({ ...askedToTalk, LONGSHORE_LOG_LEVEL: 'trace' })
    const path = await world.makeSource('a.bin', mib)
    const target = { bucket: 'bucket', key: 'a.bin' }
    const job = await daemon.submit({ source: { path }, target, multipartThreshold: 102_400, partSize: 262_144 })
    expect((await daemon.settled(job.id)).state).toBe('completed')
    daemon.kill('SIGTERM')
    const { stdout, stderr } = await daemon.exited
    expect(stdout).toContain('OSS answered.')
    expect(stdout + stderr).not.toMatch(secretOrSignature)
  } finally {
    await world.end()
  }
})
