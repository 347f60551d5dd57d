import { describe, expect, it } from 'vitest'
import { createBatchBoard } from '../../src/cli/follow/batch-board.js'
import { totalsText } from '../../src/cli/follow/progress-lines.js'
import { createBatch } from '../../src/core/batch.js'
import { type BatchView, viewBatch } from '../../src/core/batch-view.js'
import { batchRequest } from '../contract/store-batch-setup.js'
import { jobView } from './fake-daemon.js'

const batch = (id: string, totals: Partial<BatchView['totals']>, done = true): BatchView => {
  const view = viewBatch(createBatch(batchRequest(id), 0), [])
  return { ...view, totals: { ...view.totals, ...totals }, walk: { ...view.walk, done } }
}
const moving = (bytesInFlight: number) => ({ ...jobView('j1').progress, bytesInFlight })

describe('the board of batches', () => {
  it('sums the totals, and says as long as a walk goes on that they grow', () => {
    const board = createBatchBoard([batch('b-1', { jobs: 2, completed: 1, bytesTotal: 100 }, false)])
    board.see(batch('b-2', { jobs: 3, failed: 1, bytesTotal: 200 }))
    expect(board.totals()).toMatchObject({ files: 5, completed: 1, failed: 1, bytesTotal: 300, growing: true })
    expect(totalsText(board.totals(), 10)).toBe('2 of 5+ files, 0 B of 300 B (0%), 10 B/s')
    board.see(batch('b-1', { jobs: 2, completed: 1, bytesTotal: 100, bytesUploaded: 100 }))
    expect(totalsText(board.totals(), 10)).toBe('2 of 5 files, 100 B of 300 B (33%), 10 B/s, ETA 20.0 s')
  })

  it('knows the jobs of its batches that are at work, with their bytes in flight', () => {
    const board = createBatchBoard([batch('b-1', { jobs: 1, bytesTotal: 1000 })])
    board.seeJob(jobView('j1', { batchId: 'b-1', state: 'running' }))
    for (const batchId of ['b-2', null]) board.seeJob(jobView('other', { batchId, state: 'running' }))
    board.seeProgress('j1', moving(400))
    board.seeProgress('other', moving(400))
    expect(board.open().map(({ id }) => id)).toEqual(['j1'])
    expect(board.totals().bytesDone).toBe(400)
    board.seeJob(jobView('j1', { batchId: 'b-1', state: 'completed' }))
    expect(board.open()).toEqual([])
  })

  it('takes bytes back only when the daemon was away', () => {
    const board = createBatchBoard([batch('b-1', { jobs: 1, bytesTotal: 1000 })])
    board.seeJob(jobView('j1', { batchId: 'b-1', state: 'running' }))
    board.seeProgress('j1', moving(400))
    expect(board.totals().bytesDone).toBe(400)
    board.seeProgress('j1', moving(0))
    expect(board.totals().bytesDone).toBe(400)
    board.forgetJobs()
    expect(board.totals().bytesDone).toBe(0)
  })
})
