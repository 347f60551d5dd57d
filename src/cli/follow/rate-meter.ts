/** Bytes per second over the last `windowMs` of samples. */
export interface RateMeter {
  /** Tells how many bytes are done in all, and answers the rate; null while there is nothing to compare with. */
  sample(bytesDone: number): number | null
}

export const createRateMeter = (now: () => number, windowMs = 5_000): RateMeter => {
  const samples: { readonly at: number; readonly bytes: number }[] = []
  return {
    sample(bytes) {
      const at = now()
      samples.push({ at, bytes })
      // The newest sample that is older than the window stays: the window must be full, not empty, after a pause.
      while (samples[1] !== undefined && samples[1].at <= at - windowMs) samples.shift()
      const first = samples[0]
      if (first === undefined || at - first.at < 200) return null
      // Bytes in flight are taken back when a request is cut off.
      return Math.max(0, ((bytes - first.bytes) / (at - first.at)) * 1000)
    },
  }
}
