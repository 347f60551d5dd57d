/** Measures bytes per second over the last `windowMs` of samples. */
export interface RateMeter {
  /**
   * Takes the number of bytes that are done in all, and returns the rate. It is null while there is nothing to compare
   * with.
   */
  sample(bytesDone: number): number | null
}

export const createRateMeter = (now: () => number, windowMs = 5_000): RateMeter => {
  const samples: { readonly at: number; readonly bytes: number }[] = []
  return {
    sample(bytes) {
      const at = now()
      samples.push({ at, bytes })
      // The newest sample that is older than the window stays, because after a pause the window must be full and not
      // empty.
      while (samples[1] !== undefined && samples[1].at <= at - windowMs) samples.shift()
      const first = samples[0]
      if (first === undefined || at - first.at < 200) return null
      // Bytes in flight are subtracted again when a request is cut off.
      return Math.max(0, ((bytes - first.bytes) / (at - first.at)) * 1000)
    },
  }
}
