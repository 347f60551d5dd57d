import { describe, expect, it } from 'vitest'
import { createGuessBrake } from '../../src/http/guard/guess-brake.js'
import { createManualClock } from '../fakes/manual-clock.js'

const setup = () => {
  const clock = createManualClock()
  const brake = createGuessBrake(clock)
  let answered = 0
  const guess = (count: number): void => {
    for (let made = 0; made < count; made++) {
      void brake().then(() => {
        answered += 1
      })
    }
  }
  return { clock, guess, answered: () => answered }
}

describe('Wrong tokens', () => {
  it('are answered at once while they are few', async () => {
    const { clock, guess, answered } = setup()
    guess(50)
    await clock.advance(0)
    expect(answered()).toBe(50)
  })

  it('are held back in a burst, twenty a second, and answered all', async () => {
    const { clock, guess, answered } = setup()
    guess(70)
    await clock.advance(0)
    expect(answered()).toBe(50)
    await clock.advance(500)
    expect(answered()).toBe(60)
    await clock.advance(500)
    expect(answered()).toBe(70)
  })

  it('wait two seconds at most, and are free again after a pause', async () => {
    const { clock, guess, answered } = setup()
    guess(500)
    await clock.advance(2_000)
    expect(answered()).toBe(500)
    await clock.advance(60_000)
    guess(50)
    await clock.advance(0)
    expect(answered()).toBe(550)
  })

  it('hold no more than a thousand answers', async () => {
    const { clock, guess, answered } = setup()
    guess(5_000)
    await clock.advance(0)
    expect(answered()).toBe(4_000)
  })
})
