import type { Clock } from '../../ports/clock.js'

/** So many wrong tokens are answered at once, so that a client with an old token learns of it without delay. */
const freeGuesses = 50
const guessesPerSecond = 20
const longestDelayMs = 2_000
/** So many answers are held back at the most, because guesses must not fill the memory either. */
const mostHeld = 1_000

/**
 * Returns a function that is called for every wrong token and resolves when it may be answered. Requests with a right token
 * never wait.
 */
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
