import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { addOperateCommands, type Operator } from '../../src/cli/commands/operate.js'
import { createProgram, runProgram } from '../../src/cli/program.js'
import { doctorLines, reportOf } from '../../src/cli/text/doctor-report.js'
import type { DatabaseReport } from '../../src/core/database-report.js'

const sound: DatabaseReport = {
  path: '/data/longshore.db',
  sizeBytes: 4096,
  walBytes: 2048,
  schemaVersion: 9,
  closedCleanly: true,
  jobs: 3,
  events: 12,
  problems: [],
}

const run = async (argv: readonly string[], operator: Partial<Operator>) => {
  const texts = { out: '', err: '' }
  const stream = (name: keyof typeof texts) =>
    Object.assign(new PassThrough(), { columns: 80 }).on('data', (chunk) => {
      texts[name] += chunk
    })
  const io = { env: {}, stdin: new PassThrough(), stdout: stream('out'), stderr: stream('err') }
  const program = createProgram(io)
  const nobody = () => Promise.reject(new Error('not in this test'))
  const whole: Operator = {
    examine: nobody,
    check: nobody,
    backUp: nobody,
    databasePath: async () => '/data/longshore.db',
    ...operator,
  }
  addOperateCommands(program, io, whole)
  const code = await runProgram(program, argv, io)
  return { code, ...texts }
}

describe('longshore doctor', () => {
  const checks = [
    { name: 'settings', status: 'ok', detail: 'read', remedy: null },
    { name: 'clock', status: 'warning', detail: '90 s behind', remedy: 'Set it' },
    { name: 'bucket', status: 'failed', detail: 'no \u001b[31mway', remedy: 'word '.repeat(40).trim() },
    { name: 'lifecycle', status: 'skipped', detail: 'not asked', remedy: null },
  ] as const

  it('shows every finding with its remedy, within the width of the terminal and without its control characters', () => {
    const lines = doctorLines(reportOf(checks), 80)
    expect(lines.slice(0, 4)).toEqual([
      'ok       settings     read',
      'warning  clock        90 s behind',
      '                      -> Set it',
      'FAILED   bucket       no \\x1b[31mway',
    ])
    expect(lines.at(-1)).toBe('1 ok, 1 warning, 1 failed, 1 skipped')
    expect(lines.every((line) => line.length < 80)).toBe(true)
  })

  it('exits 1 when something failed and 0 when not, with the same report as JSON', async () => {
    const unwell = await run(['doctor', '--json'], { examine: async () => reportOf(checks) })
    expect(unwell.code).toBe(1)
    expect(JSON.parse(unwell.out)).toEqual({ ok: false, checks })
    expect((await run(['doctor'], { examine: async () => reportOf(checks.slice(0, 2)) })).code).toBe(0)
  })

  it('takes places to try', async () => {
    const asked: unknown[] = []
    const examine: Operator['examine'] = async (places) => {
      asked.push(...places)
      return reportOf([])
    }
    await run(['doctor', 'oss://a', 'oss://b/in'], { examine })
    expect(asked).toEqual([
      { bucket: 'a', prefix: '' },
      { bucket: 'b', prefix: 'in/' },
    ])
    expect((await run(['doctor', 'b/in'], { examine })).code).toBe(64)
  })
})

describe('longshore check and backup', () => {
  it('say what they found', async () => {
    const { code, out } = await run(['check'], { check: async () => sound })
    expect([code, out]).toEqual([
      0,
      '/data/longshore.db: 4.0 KiB and 2.0 KiB of write-ahead log, schema 9, 3 jobs, 12 events\nsound\n',
    ])
    const copied = await run(['backup', '/b.db', '--json'], { backUp: async () => sound })
    expect(JSON.parse(copied.out)).toEqual(sound)
  })

  it('exit 65 for what is not sound, and as the store says for what cannot be read', async () => {
    const damaged = await run(['check'], { check: async () => ({ ...sound, problems: ['page 3 is gone'] }) })
    expect([damaged.code, damaged.out]).toEqual([65, expect.stringContaining('page 3 is gone\nNOT sound')])
    const refuse = () => Promise.reject(Object.assign(new Error('It is missing.'), { exitCode: 74 }))
    expect(await run(['check'], { check: refuse })).toMatchObject({ code: 74, err: 'longshore: It is missing.\n' })
  })
})
