import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import { createJobList, type JobList } from '../../src/dashboard/state/job-list.js'
import { windowOf } from '../../src/dashboard/state/row-window.js'
import { jobView } from '../http/harness.js'

const job = (id: string, second: number, state: JobView['state'] = 'queued'): JobView =>
  jobView({ id, state, createdAt: Date.UTC(2026, 0, 1, 0, 0, second) })

const ids = (list: JobList): (string | undefined)[] =>
  Array.from({ length: list.size }, (_, index) => list.at(index)?.id)

describe('the list of jobs', () => {
  it('is newest first, whichever way the jobs come', () => {
    const list = createJobList(() => true)
    list.put(job('c', 3))
    list.fill([job('b', 2), job('a', 1)])
    list.put(job('d', 4))
    list.put(job('b2', 2))
    expect(ids(list)).toEqual(['d', 'c', 'b2', 'b', 'a'])
    expect(list.indexOf('b')).toBe(3)
    expect(list.indexOf('nobody')).toBe(-1)
  })

  it('believes an event more than a page of a list that comes later', () => {
    const list = createJobList(() => true)
    list.put(job('a', 1, 'completed'))
    list.fill([job('a', 1, 'running')])
    expect(list.get('a')?.state).toBe('completed')
  })

  it('is not brought back a job by a page that was asked for before an event took it away', () => {
    const list = createJobList(({ state }) => state === 'running')
    list.awaitPage()
    list.put(job('done', 1, 'completed'))
    list.remove('deleted')
    list.fill([job('done', 1, 'running'), job('deleted', 2, 'running'), job('other', 3, 'running')])
    expect(ids(list)).toEqual(['other'])
    list.awaitPage()
    list.fill([job('done', 1, 'running')])
    expect(ids(list)).toEqual(['other', 'done'])
  })

  it('drops jobs that do not belong to it any more, and takes those that come to', () => {
    const list = createJobList(({ state }) => state === 'failed')
    list.fill([job('a', 1, 'failed'), job('b', 2, 'failed')])
    list.put(job('a', 1, 'queued'))
    list.put(job('c', 0, 'failed'))
    expect(ids(list)).toEqual(['b', 'c'])
  })

  it('moves the progress of a job and leaves others alone', () => {
    const list = createJobList(() => true)
    list.put(job('a', 1))
    const progress = { ...job('a', 1).progress, bytesUploaded: 5 }
    list.progress('a', progress)
    list.progress('nobody', progress)
    expect(list.get('a')?.progress.bytesUploaded).toBe(5)
    expect(list.size).toBe(1)
  })

  it('is in order after anything', () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      remove: fc.boolean(),
      page: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const list = createJobList(() => true)
        const there = new Set<string>()
        for (const { id, remove, page } of steps) {
          // Two jobs have the same second, so that ids decide too.
          const one = job(id, id.charCodeAt(0) >> 1)
          if (remove) list.remove(id)
          else if (page) list.fill([one])
          else list.put(one)
          if (remove) there.delete(id)
          else there.add(id)
        }
        expect(ids(list)).toEqual([...there].sort().reverse())
        for (const [index, id] of ids(list).entries()) expect(list.indexOf(id ?? '')).toBe(index)
      }),
    )
  })
})

describe('the rows in the document', () => {
  const view = { height: 600, row: 60, ahead: 8, count: 5000 }

  it('are those in sight and a few more, however many there are', () => {
    expect(windowOf({ ...view, top: 0 })).toEqual({ first: 0, last: 18 })
    expect(windowOf({ ...view, top: 60_000 })).toEqual({ first: 992, last: 1018 })
    expect(windowOf({ ...view, top: 5000 * 60 - 600 })).toEqual({ first: 4982, last: 5000 })
  })

  it('exist when the list has become shorter than where it is scrolled to', () => {
    expect(windowOf({ ...view, top: 60_000, count: 3 })).toEqual({ first: 3, last: 3 })
    expect(windowOf({ ...view, top: 0, count: 0 })).toEqual({ first: 0, last: 0 })
  })
})
