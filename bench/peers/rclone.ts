import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type BenchSetup, bucket, keys } from '../daemon/bench-daemon.js'
import { cpuSecondsOf, peakRssBytesOf } from '../daemon/process-cost.js'
import type { SmallFiles } from '../daemon/sources.js'
import { type Contender, mib } from '../report/measurement.js'
import { peerEnv } from './shell-run.js'

export const rclone = 'rclone'
export const rcloneDaemon = 'rclone rcd, a call per file'

/** Returns the environment of a remote called `sink`, with no settings but these. */
export const rcloneEnv = (endpoint: string): Record<string, string> => ({
  RCLONE_CONFIG_SINK_TYPE: 's3',
  RCLONE_CONFIG_SINK_PROVIDER: 'Other',
  RCLONE_CONFIG_SINK_ENDPOINT: endpoint,
  RCLONE_CONFIG_SINK_ACCESS_KEY_ID: keys.id,
  RCLONE_CONFIG_SINK_SECRET_ACCESS_KEY: keys.secret,
  RCLONE_CONFIG_SINK_NO_CHECK_BUCKET: 'true',
  RCLONE_CONFIG_SINK_DISABLE_CHECKSUM: 'true',
})
/** These flags turn off what would ask the sink for more than it knows, and cost rclone time. */
export const rcloneFlags = ['--config', '/dev/null', '--ignore-checksum', '--s3-no-head', '--retries', '1']

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

interface Rcd {
  readonly pid: number
  call(command: string, parameters: object): Promise<void>
  stop(): Promise<void>
}

const startRcd = async (endpoint: string): Promise<Rcd> => {
  const port = await freePort()
  const args = [...rcloneFlags, 'rcd', '--rc-no-auth', '--rc-addr', `127.0.0.1:${port}`]
  const env = { ...peerEnv, ...rcloneEnv(endpoint) }
  const child = spawn('rclone', args, { env, stdio: ['ignore', 'ignore', 'ignore'] })
  const exited = once(child, 'exit')
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  const agent = new Agent({ keepAlive: true })
  const call = (command: string, parameters: object): Promise<void> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(parameters)
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
      const req = httpRequest({ port, host: '127.0.0.1', agent, method: 'POST', path: `/${command}`, headers })
      req.on('response', (answer) => {
        answer.resume().once('end', () => {
          if (answer.statusCode === 200) resolve()
          else reject(new Error(`rclone's ${command} answered ${answer.statusCode}`))
        })
      })
      req.once('error', reject)
      req.end(body)
    })
  const stop = async (): Promise<void> => {
    agent.destroy()
    end()
    await exited
    process.off('exit', end)
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await call('rc/noop', {})
      return { pid: child.pid ?? 0, call, stop }
    } catch (error) {
      if (attempt < 200 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 50))
      else {
        await stop()
        throw error
      }
    }
  }
}

/**
 * Returns rclone's daemon as a contender. 16 clients name the files to it, and it answers a call when that file is
 * uploaded.
 */
export const rcdContender = ({ endpoint }: BenchSetup, { directory, names }: SmallFiles): Contender => ({
  name: rcloneDaemon,
  optional: true,
  async run(round) {
    const rcd = await startRcd(endpoint)
    try {
      const left = names.values()
      const client = async (): Promise<void> => {
        for (const name of left) {
          const from = { srcFs: directory, srcRemote: name }
          await rcd.call('operations/copyfile', {
            ...from,
            dstFs: 'sink:',
            dstRemote: join(bucket, `rcd-${round}`, name),
          })
        }
      }
      const cpuBefore = cpuSecondsOf(rcd.pid)
      const began = performance.now()
      await Promise.all(Array.from({ length: 16 }, client))
      const seconds = (performance.now() - began) / 1000
      return {
        value: names.length / seconds,
        cpu: ((cpuSecondsOf(rcd.pid) - cpuBefore) * 1000) / names.length,
        peakRssMib: peakRssBytesOf(rcd.pid) / mib,
      }
    } finally {
      await rcd.stop()
    }
  },
})
