import { describe, expect, it } from 'vitest'
import { canMove, isSettled, jobStates, jobTransitions, settledStates } from '../../src/core/job.js'
import { partStates, partTransitions } from '../../src/core/part.js'

describe('the job state machine', () => {
  it('leaves completed and cancelled for nothing', () => {
    expect(jobTransitions.completed).toEqual([])
    expect(jobTransitions.cancelled).toEqual([])
  })

  it('goes back to work through queued alone', () => {
    for (const from of jobStates) expect(canMove(from, 'running')).toBe(from === 'queued')
  })

  it('lets nothing stop a job that is completing', () => {
    for (const to of ['paused', 'cancelling', 'cancelled'] as const) expect(canMove('completing', to)).toBe(false)
  })

  it('can settle from every state that is not settled', () => {
    const reaches = (from: (typeof jobStates)[number], seen = new Set<string>()): boolean => {
      if (isSettled(from)) return true
      seen.add(from)
      return jobTransitions[from].some((to) => !seen.has(to) && reaches(to, seen))
    }
    for (const state of jobStates) expect(reaches(state)).toBe(true)
  })

  it('settles in three states', () => {
    expect(jobStates.filter(isSettled).sort()).toEqual([...settledStates].sort())
  })
})

describe('the part state machine', () => {
  it('goes to uploaded, and back only by losing the upload', () => {
    expect(partStates).toEqual(['pending', 'uploaded'])
    expect(partTransitions).toEqual({ pending: ['uploaded'], uploaded: ['pending'] })
  })
})
