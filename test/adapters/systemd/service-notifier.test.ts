import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createServiceNotifier } from '../../../src/adapters/systemd/service-notifier.js'
import { until } from '../../e2e/world.js'
import { createMemoryLogger, type LogLine } from '../sqlite/sqlite-setup.js'

let directory: string
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Makes a `systemd-notify` that records what it is told. */
const setup = (environment: Record<string, string> = {}) => {
  directory = mkdtempSync(join(tmpdir(), 'longshore-notify-'))
  const record = join(directory, 'record')
  appendFileSync(record, '')
  const tool = join(directory, 'systemd-notify')
  writeFileSync(tool, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> '${record}'\n`)
  chmodSync(tool, 0o755)
  const lines: LogLine[] = []
  const state = { well: true, asked: 0 }
  const isWell = async () => {
    state.asked++
    return state.well
  }
  const env = { NOTIFY_SOCKET: '/run/notify', PATH: `${directory}${delimiter}${process.env['PATH']}`, ...environment }
  const notifier = createServiceNotifier(env, isWell, createMemoryLogger(lines))
  const told = () => readFileSync(record, 'utf8').split('\n').slice(0, -1)
  return { notifier, told, state, lines, tool }
}

describe('systemd', () => {
  it('is told when the daemon listens and when it stops', async () => {
    const { notifier, told } = setup()
    await notifier.ready('http://127.0.0.1:8484')
    await notifier.stopping()
    expect(told()).toEqual([
      '/run/notify READY=1 STATUS=Listening on http://127.0.0.1:8484',
      '/run/notify STOPPING=1 STATUS=Finishing the parts in flight',
    ])
  })

  it('gets signs of life while the store answers, and none when it does not', async () => {
    const { notifier, told, state } = setup({ WATCHDOG_USEC: '60000' })
    await notifier.ready('x')
    await until(() => told().filter((line) => line.endsWith('WATCHDOG=1')).length >= 3)
    state.well = false
    const asked = state.asked
    // A sign that was under way may still come. From the next question on there is none.
    await until(() => state.asked >= asked + 2)
    const seen = told().length
    await until(() => state.asked >= asked + 6)
    expect(told()).toHaveLength(seen)
  })

  it('is not told anything where it does not listen', async () => {
    const { notifier, told } = setup({ NOTIFY_SOCKET: '' })
    await notifier.ready('x')
    expect(told()).toEqual([])
  })

  it('that cannot be told is a warning, once', async () => {
    const { notifier, lines, tool } = setup()
    writeFileSync(tool, '#!/bin/sh\nexit 3\n')
    await notifier.ready('x')
    await notifier.stopping()
    expect(lines).toMatchObject([{ level: 'warn', fields: { reason: '3' } }])
  })
})
