import { describe, expect, it } from 'vitest'
import type { NodeStanding } from '../../src/core/node.js'
import { createNodeBoard } from '../../src/engine/nodes/node-board.js'

const leaseMs = 30_000

const setup = () => {
  const state = { now: 0 }
  const board = createNodeBoard({
    node: 'here',
    sharedRoots: ['/shared'],
    leaseMs,
    clock: { monotonic: () => state.now },
  })
  const standing = (id: string, isDraining = false): NodeStanding => ({
    id,
    report: {
      version: id,
      address: null,
      startedAt: 0,
      isDraining,
      runs: 0,
      slots: 1,
      lanes: 1,
      bytesPerSecond: 0,
      roots: [],
      sharedRoots: [],
    },
    schema: 1,
    heardAt: 0,
    silentMs: 0,
  })
  return { board, state, standing }
}

describe('the board of nodes', () => {
  it('says where a source is seen from', () => {
    const { board } = setup()
    expect(['/shared/a', '/sharedness/a', '/srv/a'].map(board.placeOf)).toEqual([null, 'here', 'here'])
    expect([null, 'here', 'there'].map(board.sees)).toEqual([true, true, false])
  })

  it('takes a node for away that was silent for a lease, also while the store tells nothing', () => {
    const { board, state, standing } = setup()
    expect(board.isAway('there')).toBe(true)
    board.take([standing('here'), standing('there')])
    expect([board.isAway('there'), board.isAlone()]).toEqual([false, false])
    expect(board.view().map(({ state: is, differences }) => [is, differences.length])).toEqual([
      ['live', 1],
      ['live', 1],
    ])
    state.now = leaseMs
    expect([board.isAway('there'), board.isAway('here'), board.isAlone()]).toEqual([true, false, true])
    expect(board.view().map(({ state: is }) => is)).toEqual(['live', 'away'])
  })

  it('is alone beside a node that takes no work', () => {
    const { board, standing } = setup()
    board.take([standing('here'), standing('there', true)])
    expect(board.isAlone()).toBe(true)
    expect(board.view().map(({ state: is }) => is)).toEqual(['live', 'draining'])
  })
})
