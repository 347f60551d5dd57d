import { describe, expect, it } from 'vitest'
import { createRunControl } from '../../src/engine/upload/run-control.js'

const tuning = { priority: 0, parallel: 4, bandwidth: null, notAfter: null }

describe('the control of a run', () => {
  it('ends an upload by a cancel, and not the run that carries the cancel out', () => {
    const upload = createRunControl(tuning)
    upload.stopNow('cancel')
    expect(upload.hard.aborted).toBe(true)
    const cleanUp = createRunControl(tuning, true)
    cleanUp.stopNow('cancel')
    expect([cleanUp.soft.aborted, cleanUp.hard.aborted]).toEqual([false, false])
    cleanUp.stopNow('fenced')
    expect([cleanUp.soft.aborted, cleanUp.hard.aborted]).toEqual([true, true])
  })
})
