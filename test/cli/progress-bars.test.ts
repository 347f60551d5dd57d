import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createJobTotals } from '../../src/cli/follow/job-totals.js'
import { createProgressBars } from '../../src/cli/follow/progress-bars.js'
import { displayWidth } from '../../src/cli/terminal/terminal-text.js'
import type { JobView } from '../../src/core/job-view.js'
import { eventually } from './eventually.js'
import { jobView } from './fake-daemon.js'
import { linesOnTerminal } from './terminal.js'

const mib = 1024 ** 2

const bigJob = (id: string, changes: Partial<JobView> = {}): JobView => {
  const job = jobView(id)
  return {
    ...job,
    state: 'running',
    source: { path: `/srv/in/${id}.bin`, size: 64 * mib },
    ...changes,
    progress: { ...job.progress, bytesTotal: 64 * mib, ...changes.progress },
  }
}

const setup = (single: boolean, rows = 24) => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows })
  stream.setEncoding('utf8')
  let text = ''
  stream.on('data', (chunk: string) => {
    text += chunk
  })
  const jobTotals = createJobTotals((job) => display.settled(job))
  const display = createProgressBars(stream, jobTotals, single)
  onTestFinished(() => display.stop())
  const screen = (): string[] => linesOnTerminal(text)
  const shows = (check: (lines: string[]) => void) => eventually(() => check(screen()))
  return { jobTotals, display, screen, shows, raw: () => text }
}

describe('progress bars', () => {
  it('show one bar for a single job, from its first byte to its last', async () => {
    const { jobTotals, display, shows, screen } = setup(true)
    const half = { ...bigJob('a').progress, bytesUploaded: 32 * mib, bytesPerSecond: 16 * mib, etaSeconds: 2 }
    jobTotals.track(bigJob('a'))
    await shows((lines) => expect(lines).toEqual([expect.stringMatching(/^a\.bin +░+ +0% +64\.0 MiB$/)]))
    jobTotals.seeProgress('a', half)
    await shows((lines) => expect(lines[0]).toMatch(/^a\.bin +█+░+ +50% +64\.0 MiB +16\.0 MiB\/s +2\.0 s$/))
    jobTotals.see({ ...bigJob('a'), state: 'completed' })
    display.stop()
    expect(screen()).toEqual([expect.stringMatching(/^a\.bin +█+ +100% +64\.0 MiB +completed$/)])
  })

  it('show a line for the total, and a bar for every big job only while it is worked on', async () => {
    const { jobTotals, shows } = setup(false)
    for (const id of ['a', 'b']) jobTotals.track(bigJob(id))
    jobTotals.track(bigJob('c', { state: 'queued' }))
    jobTotals.track(jobView('small', { state: 'running' }))
    await shows((lines) => {
      expect(lines[0]).toMatch(/^0 of 4 files, 0 B of 192\.0 MiB \(0%\)/)
      expect(lines[1]).toMatch(/^░{79}$/)
      expect(lines.slice(2).map((line) => line.slice(0, 5))).toEqual(['a.bin', 'b.bin'])
    })
    jobTotals.see({ ...bigJob('a'), state: 'completed' })
    await shows((lines) => expect(lines.slice(2).map((line) => line.slice(0, 5))).toEqual(['b.bin']))
    jobTotals.see({ ...bigJob('b'), state: 'paused' })
    await shows((lines) =>
      expect(lines).toEqual([expect.stringMatching(/^1 of 4 files/), expect.stringMatching(/^[█░]+$/)]),
    )
  })

  it('show at most eight, and fewer on a low terminal', async () => {
    const { jobTotals, shows } = setup(false)
    for (let n = 0; n < 20; n++) jobTotals.track(bigJob(`j${n}`))
    await shows((lines) => expect(lines).toHaveLength(10))
    const low = setup(false, 6)
    for (let n = 0; n < 20; n++) low.jobTotals.track(bigJob(`j${n}`))
    await low.shows((lines) => expect(lines).toHaveLength(4))
  })

  it('let failures and notes scroll by above the bars', async () => {
    const { jobTotals, display, shows } = setup(false)
    for (const id of ['a', 'b']) jobTotals.track(bigJob(id))
    await shows((lines) => expect(lines).toHaveLength(4))
    display.note('the daemon is not answering')
    display.note('it is back')
    const error = { code: 'access_denied', message: 'no right', ossCode: null, requestId: null } as const
    jobTotals.see({ ...bigJob('a'), state: 'failed', error })
    await shows((lines) => {
      expect(lines[0]).toBe('the daemon is not answering')
      expect(lines[1]).toBe('it is back')
      expect(lines[2]).toBe('failed     /srv/in/a.bin  64.0 MiB: access_denied: no right')
      expect(lines[3]).toMatch(/^1 of 2 files/)
      expect(lines[5]).toMatch(/^b\.bin/)
      expect(lines).toHaveLength(6)
    })
  })

  it('write what was noted last even when stopped at once', () => {
    const { display, screen } = setup(false)
    display.note('the daemon is not answering')
    display.stop()
    expect(screen()[0]).toBe('the daemon is not answering')
  })

  it('fit 80 columns and print no name raw, whatever it is', async () => {
    const { jobTotals, shows, raw } = setup(true)
    const path = `/srv/in/${'很长的名字'.repeat(20)}\x1b[2J.bin`
    jobTotals.track(bigJob('a', { source: { path, size: 64 * mib }, waiting: 'credentials' }))
    await shows((lines) => {
      expect(lines).toHaveLength(1)
      expect(displayWidth(lines[0] ?? '')).toBeLessThan(80)
      expect(lines[0]).toContain('\\x1b[2J.bin')
      expect(lines[0]).toMatch(/credential/)
    })
    expect(raw()).not.toContain('\x1b[2J')
  })
})
