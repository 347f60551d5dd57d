import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { settings } from '../../src/config/rows.js'
import { parseDurationMs } from '../../src/core/units.js'
import { createWorld, type World } from '../e2e/world.js'
import { needs } from '../needs.js'

const unit = await readFile(new URL('../../deploy/systemd/longshore.service', import.meta.url), 'utf8')
const settingOf = (name: string): string => new RegExp(`^${name}=(.+)$`, 'm').exec(unit)?.[1] ?? ''
const defaultOf = (name: string): string => settings.find(([setting]) => setting === name)?.[1] ?? ''

describe('The unit', () => {
  it('gives the daemon the time that stopping may take', () => {
    const stopMs = Number(settingOf('TimeoutStopSec')) * 1000
    expect(stopMs).toBeGreaterThan((parseDurationMs(defaultOf('LONGSHORE_DRAIN_TIMEOUT')) ?? 0) + 10_000)
  })

  it('does not start again what a new start cannot mend', () => {
    expect(settingOf('RestartPreventExitStatus').split(' ')).toEqual(['64', '65', '78'])
  })

  it('is one that systemd understands, and leaves little within reach', async (context) => {
    needs(context, 'systemd-analyze')
    const directory = await mkdtemp(join(tmpdir(), 'longshore-unit-'))
    try {
      const file = join(directory, 'longshore.service')
      await writeFile(file, unit.replace('/usr/local/bin/longshore', '/bin/true').replaceAll(/^(User|Group)=.+$/gm, ''))
      const { stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', file])
      expect(stderr.split('\n').filter((line) => line.includes('longshore.service'))).toEqual([])
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('The daemon under systemd', () => {
  let world: World | undefined
  afterEach(() => world?.end())

  it('says that it is ready, that it lives and that it stops', async (context) => {
    needs(context, 'systemd-notify', 'python3')
    world = await createWorld()
    const socket = join(world.sources, 'notify')
    // Node.js cannot listen on a datagram socket, so Python stands for systemd.
    const listen = `import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(${JSON.stringify(socket)})
print("bound", flush=True)
while True: print(s.recv(4096).decode(), flush=True)`
    const listener = spawn('python3', ['-c', listen], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: listener.stdout })[Symbol.asyncIterator]()
    const heard = async (wanted: string): Promise<void> => {
      for (;;) {
        const { value, done } = await lines.next()
        if (done) throw new Error(`never heard ${wanted}`)
        if (value === wanted) return
      }
    }
    try {
      await heard('bound')
      const daemon = await world.start({ NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' })
      await heard('READY=1')
      await heard(`STATUS=Listening on ${daemon.url}`)
      await heard('WATCHDOG=1')
      await heard('WATCHDOG=1')
      daemon.kill('SIGTERM')
      await heard('STOPPING=1')
      expect((await daemon.exited).code).toBe(0)
    } finally {
      listener.kill('SIGKILL')
      await once(listener, 'close')
    }
  })
})
