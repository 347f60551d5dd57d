import { expect, it } from 'vitest'
import { createSigningClock } from '../../../src/adapters/oss/api/signing-clock.js'

const startAt = Date.UTC(2026, 0, 1)
const hour = 3_600_000

const setup = () => {
  let wall = startAt
  let monotonic = 5_000
  const signingClock = createSigningClock({
    now: () => wall,
    monotonic: () => monotonic,
    sleep: () => Promise.reject(new Error('nobody sleeps')),
  })
  return {
    signingClock,
    pass: (ms: number) => {
      wall += ms
      monotonic += ms
    },
    jump: (ms: number) => {
      wall += ms
    },
  }
}

it('is the wall clock until OSS objects', () => {
  const { signingClock, jump } = setup()
  expect(signingClock.now()).toBe(startAt)
  jump(hour)
  expect(signingClock.now()).toBe(startAt + hour)
})

it('goes by the time of OSS once it was corrected, whatever the wall clock does', () => {
  const { signingClock, pass, jump } = setup()
  expect(signingClock.correct(new Date(startAt + 3 * hour).toUTCString())).toBe(true)
  expect(signingClock.now()).toBe(startAt + 3 * hour)
  pass(1_000)
  jump(-7 * hour)
  expect(signingClock.now()).toBe(startAt + 3 * hour + 1_000)
})

it('is corrected again when OSS objects again', () => {
  const { signingClock } = setup()
  signingClock.correct(new Date(startAt + 3 * hour).toUTCString())
  signingClock.correct(new Date(startAt - hour).toISOString())
  expect(signingClock.now()).toBe(startAt - hour)
})

it.each([null, '', 'yesterday'])('takes nothing over from %j', (serverTime) => {
  const { signingClock } = setup()
  expect(signingClock.correct(serverTime)).toBe(false)
  expect(signingClock.now()).toBe(startAt)
})
