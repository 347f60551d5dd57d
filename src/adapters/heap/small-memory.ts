import { createRequire } from 'node:module'
import { PerformanceObserver, performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import { collectEarly, holdYoungGenerations } from './heap-flags.js'

interface Addon {
  limitMalloc?(most: number): boolean
  giveBack?(): boolean
}

/**
 * `native/crc64/install.mjs` compiles the addon. The path is the same from `src` and from `dist`, because both lie at
 * the same depth.
 */
const addonPath = '../../../native/crc64/crc64.node'

/** Returns an addon that does nothing where it was not compiled: the daemon works without it, and needs more memory. */
const openAddon = (): Addon => {
  try {
    return createRequire(import.meta.url)(addonPath)
  } catch {
    return {}
  }
}

/** Each thread would get an arena of malloc of its own, and keep in it what it needed at its busiest. */
const mostArenas = 2
/** The start grows the young generation to its largest. This much of it is enough for the work, at the same CPU time. */
const youngBytes = 8 * 1024 * 1024
/** It is given back at most so often. */
const restMs = 10_000
/** The first jobs after a start come before its garbage. */
const settledMs = 1_000

/** Limits what malloc keeps for threads. It is called before the threads start. */
export const limitMalloc = (): void => void openAddon().limitMalloc?.(mostArenas)

const youngSize = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0

/**
 * Gives back, some time after the start, what only the start needed, collects early from then on, and keeps the young
 * generation of this thread small. Other threads have limits of their own. Node.js can limit its main thread only by a
 * flag at its start, which would cost every start the code that V8 has compiled before.
 *
 * While a thread starts, V8 may let the young generation grow in spite of us, and it never shrinks under work. So it is
 * watched, and what is too much is given back once more. That takes some 50 ms, in which nothing else is done.
 */
export const becomeSmall = (afterMs = settledMs): void => {
  const { giveBack } = openAddon()
  let restsUntil = 0
  const keep = (): void => {
    const size = youngSize()
    if (size < youngBytes) return
    const now = performance.now()
    if (size >= 2 * youngBytes && now >= restsUntil) {
      restsUntil = now + restMs
      holdYoungGenerations(false)
      giveBack?.()
    } else {
      holdYoungGenerations(true)
    }
  }
  const settle = (): void => {
    collectEarly()
    if (giveBack?.() === true) new PerformanceObserver(keep).observe({ entryTypes: ['gc'] })
  }
  setTimeout(settle, afterMs).unref()
}
