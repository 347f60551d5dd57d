import { describe, expect, it } from 'vitest'
import type { StoredEvent } from '../../src/core/event.js'
import type { PartView } from '../../src/core/part-view.js'
import { addToHistory, type HistoryLine } from '../../src/dashboard/state/history.js'
import { layOut, noParts, withParts } from '../../src/dashboard/state/part-board.js'

const part = (partNumber: number, state: PartView['state']): PartView => ({
  partNumber,
  offset: 0,
  size: 100,
  state,
  etag: null,
  crc64: null,
  attempts: 1,
  uploadedAt: null,
})

const event = (id: string, type: StoredEvent['type']): StoredEvent => ({
  id,
  type,
  at: `2026-01-01T00:00:0${id}.000Z`,
  jobId: 'job-1',
  batchId: null,
  ...(type === 'part.uploaded' ? { part: part(Number(id), 'uploaded') } : {}),
})

describe('the history of a job', () => {
  it('gathers parts that arrive one after the other in one line', () => {
    const types = ['job.running', 'part.uploaded', 'part.uploaded', 'job.paused', 'part.uploaded'] as const
    const lines = types.reduce<readonly HistoryLine[]>(
      (all, type, index) => addToHistory(all, event(String(index), type)),
      [],
    )
    expect(lines.map((line) => [line.event.type, line.parts, line.bytes])).toEqual([
      ['job.running', 0, 0],
      ['part.uploaded', 2, 200],
      ['job.paused', 0, 0],
      ['part.uploaded', 1, 100],
    ])
    // A line that grows stays the same line for the code that draws it.
    expect(lines[1]).toMatchObject({ key: '1', firstAt: '2026-01-01T00:00:01.000Z', event: { id: '2' } })
  })
})

describe('the parts of a job', () => {
  it('are counted by what became of them, and an older list takes nothing back', () => {
    const board = withParts(noParts, [part(1, 'uploaded'), part(2, 'uploading'), part(3, 'pending')])
    expect(board).toMatchObject({ uploaded: 1, uploading: 1 })
    expect(withParts(board, [part(1, 'pending'), part(2, 'uploaded')])).toMatchObject({ uploaded: 2, uploading: 0 })
    expect(noParts.parts.size).toBe(0)
  })

  const room = { least: 5, most: 22, gap: 3 }
  const box = { width: 1100, height: 260 }

  it.each([1, 13, 215, 1000, 3000])('%i of them fit into their box as large squares', (count) => {
    const { columns, edge, rows } = layOut(count, box, room)
    expect(columns * rows).toBeGreaterThanOrEqual(count)
    expect(columns * (edge + room.gap) - room.gap).toBeLessThanOrEqual(box.width)
    expect(rows * (edge + room.gap) - room.gap).toBeLessThanOrEqual(box.height)
  })

  it('stay large enough to be seen when there are ten thousand, and the box grows', () => {
    const { edge, columns, rows } = layOut(10_000, box, room)
    expect(edge).toBe(room.least)
    expect(columns * rows).toBeGreaterThanOrEqual(10_000)
  })
})
