import { afterEach, describe, expect, it } from 'vitest'
import { AppError } from '../../src/core/app-error.js'
import { type Agent, type AgentOptions, createAgent } from '../../src/engine/async/agent.js'
import { createVirtualClock } from '../fakes/virtual-clock.js'
import { collectLogs } from './engine-setup.js'

const clocks: { stop(): void }[] = []
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.stop()
})

const setup = (options: Partial<AgentOptions> & Pick<AgentOptions, 'round'>) => {
  const clock = createVirtualClock()
  clocks.push(clock)
  const logs: string[] = []
  const begunAt = clock.monotonic()
  const rounds: number[] = []
  const waiters: (() => void)[] = []
  const agent: Agent = createAgent({
    name: 'test',
    clock,
    logger: collectLogs(logs),
    backoff: { firstMs: 100, longestMs: 300 },
    ...options,
    round(signal) {
      rounds.push(Math.round(clock.monotonic() - begunAt))
      for (const tell of waiters.splice(0)) tell()
      return options.round(signal)
    },
  })
  const roundsAre = async (count: number): Promise<void> => {
    while (rounds.length < count) await new Promise<void>((resolve) => waiters.push(resolve))
  }
  return { agent, clock, logs, rounds, roundsAre }
}

describe('an agent', () => {
  it('waits between two rounds as long as the round says', async () => {
    const { agent, rounds, roundsAre } = setup({ firstInMs: 50, round: async () => 1_000 })
    agent.start()
    await roundsAre(3)
    await agent.stop()
    expect(rounds).toEqual([50, 1_050, 2_050])
  })

  it('begins its next round at once when it is poked, also during a round', async () => {
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { agent, rounds, roundsAre } = setup({
      async round() {
        await held
        return 60_000
      },
    })
    agent.start()
    await roundsAre(1)
    agent.poke()
    release()
    await roundsAre(2)
    agent.poke()
    await roundsAre(3)
    await agent.stop()
    expect(rounds).toEqual([0, 0, 0])
  })

  it('tells the log of a round that fails and waits twice as long each time, until one succeeds', async () => {
    let left = 4
    const { agent, logs, rounds, roundsAre } = setup({
      async round() {
        left--
        if (left === 3) throw new AppError('storage_full', 'The disk is full')
        if (left > 0) throw new Error('a bug')
        return 5_000
      },
    })
    agent.start()
    await roundsAre(5)
    await agent.stop()
    expect(rounds).toEqual([0, 100, 300, 600, 5_600])
    expect(logs.map((line) => line.split(' ')[0])).toEqual(['warn', 'error', 'error'])
  })

  it('begins no round while its gate is shut, and none when it stops there', async () => {
    let opened = (_open: boolean): void => {}
    const { agent, rounds, roundsAre } = setup({
      gate: {
        opens: (signal) =>
          new Promise((resolve) => {
            opened = resolve
            signal.addEventListener('abort', () => resolve(false))
          }),
      },
      round: async () => 10,
    })
    agent.start()
    expect(rounds).toEqual([])
    opened(true)
    await roundsAre(1)
    await agent.stop()
    expect(rounds).toHaveLength(1)
  })

  it('stops behind the round under way, and says nothing of what the stop broke off', async () => {
    const { agent, logs, roundsAre } = setup({
      round: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('broken off')))),
    })
    agent.start()
    await roundsAre(1)
    await agent.stop()
    await agent.stop()
    expect(logs).toEqual([])
  })

  it('takes a stop without a start, and a second start', async () => {
    const never = setup({ round: async () => 1 })
    await never.agent.stop()
    never.agent.start()
    expect(never.rounds).toEqual([])
    const twice = setup({ round: async () => 1_000 })
    twice.agent.start()
    twice.agent.start()
    await twice.roundsAre(2)
    await twice.agent.stop()
    expect(twice.rounds).toEqual([0, 1_000])
  })

  it('is subscribed to its hints for as long as it runs', async () => {
    let subscribed = 0
    const { agent, roundsAre } = setup({
      wakeOn() {
        subscribed++
        return () => {
          subscribed--
        }
      },
      round: async () => 1_000,
    })
    expect(subscribed).toBe(0)
    agent.start()
    await roundsAre(1)
    expect(subscribed).toBe(1)
    await agent.stop()
    expect(subscribed).toBe(0)
  })
})
