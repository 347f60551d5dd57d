import type { Clock } from '../../ports/clock.js'
import type { TrafficHistory } from './traffic-history.js'

export interface Traffic {
  /** Bytes were handed to the network, whatever becomes of them. */
  moved(bytes: number): void
  /** OSS acknowledged a part, or a whole object. */
  acknowledged(what: 'part' | 'object', bytes: number): void
  /** Returns the bytes handed to the network each second, over the last five seconds. */
  bytesPerSecond(): number
  /** Returns what OSS acknowledged since the daemon started. */
  totals(): { readonly bytes: number; readonly parts: number; readonly objects: number }
}

const spanSeconds = 5

/**
 * Counts what goes to OSS. There is one bucket for each second that counts, however many small files a second there
 * are.
 */
export const createTraffic = (clock: Pick<Clock, 'monotonic'>, history: Pick<TrafficHistory, 'moved'>): Traffic => {
  const buckets = Array.from({ length: spanSeconds + 1 }, () => ({ second: Number.NEGATIVE_INFINITY, bytes: 0 }))
  const counts = { bytes: 0, parts: 0, objects: 0 }

  return {
    moved(bytes) {
      history.moved(bytes)
      const second = Math.floor(clock.monotonic() / 1000)
      const index = second % buckets.length
      const bucket = buckets[index]
      if (bucket?.second === second) bucket.bytes += bytes
      else buckets[index] = { second, bytes }
    },
    acknowledged(what, bytes) {
      counts.bytes += bytes
      if (what === 'part') counts.parts += 1
      else counts.objects += 1
    },
    bytesPerSecond() {
      const seconds = clock.monotonic() / 1000
      const oldest = Math.floor(seconds) - spanSeconds
      const bytes = buckets.reduce((sum, bucket) => sum + (bucket.second >= oldest ? bucket.bytes : 0), 0)
      return Math.round(bytes / (seconds - oldest))
    },
    totals: () => ({ ...counts }),
  }
}
