import { describe, expect, it } from 'vitest'
import { newSeed, seeded } from '../e2e/world.js'
import { runSchedule } from './simulated-schedule.js'

const schedules = Number(process.env['SCHEDULES'] ?? 5_000)

describe('the engine under random schedules', () => {
  it('keeps every promise', { timeout: 120_000 + schedules * 200 }, async () => {
    const first = newSeed()
    process.stdout.write(`R6: SEED=${first}\n`)
    const sums = { jobs: 0, kills: 0, faults: 0, puts: 0, completed: 0, failed: 0, cancelled: 0 }
    for (let n = 0; n < schedules; n++) {
      const seed = first + n
      const report = await runSchedule(seed, seeded(seed))
      expect(report.broken, `SEED=${seed} SCHEDULES=1 replays:\n${report.story.join('\n')}\n`).toEqual([])
      sums.jobs += report.jobs
      sums.kills += report.kills
      sums.faults += report.faults
      sums.puts += report.puts
      for (const state of ['completed', 'failed', 'cancelled'] as const) {
        sums[state] += report.outcomes.filter((outcome) => outcome === state).length
      }
    }
    // Schedules in which nothing happens would keep every promise too. A few may be without a kill.
    if (schedules >= 100)
      for (const [what, sum] of Object.entries(sums)) expect(sum, what).toBeGreaterThan(schedules / 30)
    process.stdout.write(`R6: ${schedules} schedules, ${JSON.stringify(sums)}; SEED=${first}\n`)
  })
})
