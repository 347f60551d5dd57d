import { describe, expect, it } from 'vitest'
import { createCallGate } from '../../../src/adapters/file/call-gate.js'

/** Returns a call that ends when the test says so. */
const hanging = () => {
  let end: (value: string) => void = () => {}
  let started = false
  const answer = new Promise<string>((resolve) => {
    end = resolve
  })
  return {
    work: () => {
      started = true
      return answer
    },
    end: (value: string) => end(value),
    hasStarted: () => started,
  }
}

const failure = { kind: 'stalled', code: 'source_unreadable' }

describe('the gate of a mount', () => {
  it('lets only so many calls through, and the next when one has come back', async () => {
    const gate = createCallGate({ most: 1, idleMs: 60_000 })
    const [first, second] = [hanging(), hanging()]
    const answers = [gate.pass(first.work), gate.pass(second.work)]
    expect([first.hasStarted(), second.hasStarted()]).toEqual([true, false])
    first.end('1')
    await answers[0]
    expect(second.hasStarted()).toBe(true)
    second.end('2')
    expect(await Promise.all(answers)).toEqual(['1', '2'])
  })

  it('gives up a call that hangs, and those behind it, and fails at once until it is back', async () => {
    const gate = createCallGate({ most: 1, idleMs: 20 })
    const [stuck, behind] = [hanging(), hanging()]
    const late: string[] = []
    const given = gate.pass(stuck.work, (value) => late.push(value))
    const waiting = gate.pass(behind.work)
    await expect(given).rejects.toMatchObject(failure)
    await expect(waiting).rejects.toMatchObject(failure)
    await expect(gate.pass(async () => 'never')).rejects.toMatchObject(failure)
    stuck.end('a descriptor')
    await expect.poll(() => late).toEqual(['a descriptor'])
    expect(behind.hasStarted()).toBe(false)
    expect(await gate.pass(async () => 'again')).toBe('again')
  })

  it('gives up sooner what is in flight, and what comes, when there is hurry', async () => {
    const gate = createCallGate({ most: 2, idleMs: 60_000 })
    const [first, second] = [hanging(), hanging()]
    const given = gate.pass(first.work)
    gate.hurry(20)
    await expect(given).rejects.toMatchObject(failure)
    await expect(gate.pass(second.work)).rejects.toMatchObject(failure)
  })

  it('does what is left to it when there is room', async () => {
    const gate = createCallGate({ most: 1, idleMs: 20 })
    const [stuck, closing] = [hanging(), hanging()]
    const given = gate.pass(stuck.work)
    const left = gate.leave(closing.work)
    await expect(given).rejects.toMatchObject(failure)
    expect(closing.hasStarted()).toBe(false)
    stuck.end('')
    await expect.poll(closing.hasStarted).toBe(true)
    closing.end('done')
    expect(await left).toBe('done')
  })
})
