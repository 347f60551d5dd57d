import { describe, expect, it } from 'vitest'
import { createSessions } from '../../src/http/guard/sessions.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { tokenOf } from './harness.js'

const setup = () => {
  const clock = createManualClock()
  const token = tokenOf('admin', 'secret')
  let current = [tokenOf('read', 'another'), token]
  const tokens = { current: () => current }
  const sessions = createSessions(clock, tokens)
  const open = (): string => sessions.open(token, false).split(';')[0] ?? ''
  const withdraw = (): void => {
    current = current.filter((other) => other !== token)
  }
  return { clock, tokens, sessions, token, open, withdraw }
}

describe('A session', () => {
  it('stands for its token until twelve hours have passed', async () => {
    const { clock, sessions, token, open } = setup()
    const cookie = open()
    expect(sessions.find(`a=b; ${cookie}; c=d`)).toBe(token)
    await clock.advance(12 * 3_600_000 - 1)
    expect(sessions.find(cookie)).toBe(token)
    await clock.advance(1)
    expect(sessions.find(cookie)).toBeNull()
  })

  it('outlives the daemon', () => {
    const { clock, tokens, token, open } = setup()
    expect(createSessions(clock, tokens).find(open())).toBe(token)
  })

  it('ends with its token', () => {
    const { sessions, open, withdraw } = setup()
    const cookie = open()
    withdraw()
    expect(sessions.find(cookie)).toBeNull()
  })

  it('is none when one bit of it differs', () => {
    const { sessions, open } = setup()
    const [name = '', value = ''] = open().split('=')
    const bytes = Buffer.from(value, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const forged = Buffer.from(bytes)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(sessions.find(`${name}=${forged.toString('base64url')}`), `bit ${bit}`).toBeNull()
    }
  })

  it.each([undefined, '', 'longshore_session=', 'longshore_session=x', 'other=y'])('is none with %s', (cookie) => {
    expect(setup().sessions.find(cookie)).toBeNull()
  })

  it('ends when it is closed, alone', () => {
    const { sessions, open } = setup()
    const [first, second] = [open(), open()]
    expect(first).not.toBe(second)
    expect(sessions.close(first)).toMatch(/^longshore_session=; Max-Age=0;/)
    expect(sessions.find(first)).toBeNull()
    expect(sessions.find(second)).not.toBeNull()
  })
})
