import type { Clock } from '../../ports/clock.js'

/** Wrong tokens that cost nothing, so that a client with an old one learns of it at once. */
const freeGuesses = 50
const guessesPerSecond = 20
const longestDelayMs = 2_000
/** Beyond that an answer is not held: guesses must not fill the memory either. */
const mostHeld = 1_000

/** Called for every wrong token; resolves when it may be answered. Whoever brings a right one never waits. */
export const createGuessBrake = (clock: Clock): (() => Promise<void>) => {
  let debt = 0
  let at = clock.monotonic()
  let held = 0
  return async () => {
    const now = clock.monotonic()
    debt = Math.max(0, debt - ((now - at) / 1000) * guessesPerSecond) + 1
    at = now
    const delayMs = Math.min(longestDelayMs, ((debt - freeGuesses) / guessesPerSecond) * 1000)
    if (delayMs <= 0 || held >= mostHeld) return
    held += 1
    await clock.sleep(delayMs).finally(() => {
      held -= 1
    })
  }
}
