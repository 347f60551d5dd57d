import { describe, expect, it } from 'vitest'
import { createSessions } from '../../src/http/sessions.js'
import { createManualClock } from '../fakes/manual-clock.js'
import { tokenOf } from './harness.js'

const setup = () => {
  const clock = createManualClock()
  const sessions = createSessions(clock)
  const token = tokenOf('admin', 'secret')
  const open = (): string => sessions.open(token, false).split(';')[0] ?? ''
  return { clock, sessions, token, open }
}

describe('A session', () => {
  it('stands for its token until twelve hours have passed', async () => {
    const { clock, sessions, token, open } = setup()
    const cookie = open()
    expect(sessions.tokenHash(`a=b; ${cookie}; c=d`)).toEqual(token.hash)
    await clock.advance(12 * 3_600_000 - 1)
    expect(sessions.tokenHash(cookie)).toEqual(token.hash)
    await clock.advance(1)
    expect(sessions.tokenHash(cookie)).toBeNull()
  })

  it.each([undefined, '', 'longshore_session=', 'longshore_session=x', 'other=y'])('is none with %s', (cookie) => {
    expect(setup().sessions.tokenHash(cookie)).toBeNull()
  })

  it('ends when it is closed, alone', () => {
    const { sessions, open } = setup()
    const [first, second] = [open(), open()]
    expect(first).not.toBe(second)
    expect(sessions.close(first)).toMatch(/^longshore_session=; Max-Age=0;/)
    expect(sessions.tokenHash(first)).toBeNull()
    expect(sessions.tokenHash(second)).not.toBeNull()
  })

  it('gives way to the thousandth one after it', () => {
    const { sessions, open } = setup()
    const [first, second] = [open(), open()]
    for (let more = 0; more < 999; more++) open()
    expect(sessions.tokenHash(first)).toBeNull()
    expect(sessions.tokenHash(second)).not.toBeNull()
  })
})
