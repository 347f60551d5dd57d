import { cpuSecondsOf } from '../daemon/process-cost.js'
import { type Contender, mib } from '../report/measurement.js'
import type { Sink } from './sink-process.js'

/** This is what one contender's runs cost the sink. */
interface Load {
  cpuSeconds: number
  bytes: number
  requests: number
}

/** The watch knows how much the sink took, and what that cost the sink. */
export interface SinkWatch {
  readonly contenders: readonly Contender[]
  /**
   * Returns how fast each contender could have fed one core full of sink. A contender that stayed below that was not
   * held up by the sink.
   */
  note(unit: 'MiB/s' | 'files/s'): string
}

const none: Load = { cpuSeconds: 0, bytes: 0, requests: 0 }

/**
 * Resets the sink before every run, and checks afterwards. A run that did not bring `leastBytes` fails, so that no
 * contender is fast by leaving something out. The time that the sink itself needed shows whether the sink held the run
 * up.
 */
export const watchSink = (sink: Sink, contenders: readonly Contender[], leastBytes: number): SinkWatch => {
  const loads = new Map<string, Load>()
  const cpuSeconds = (): number => sink.pids().reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)

  const watched = (contender: Contender): Contender => ({
    ...contender,
    async run(round) {
      await sink.reset()
      const before = cpuSeconds()
      const sample = await contender.run(round)
      const spent = cpuSeconds() - before
      const whole = (await sink.ledger()).filter((request) => request.whole)
      const bytes = whole.reduce((sum, { received }) => sum + received, 0)
      if (bytes < leastBytes) throw new Error(`${contender.name} sent ${bytes} bytes of ${leastBytes}`)
      const load = loads.get(contender.name) ?? none
      loads.set(contender.name, {
        cpuSeconds: load.cpuSeconds + spent,
        bytes: load.bytes + bytes,
        requests: load.requests + whole.length,
      })
      return sample
    },
  })

  return {
    contenders: contenders.map(watched),
    note(unit) {
      const most = [...loads].map(([name, load]) => {
        const amount = unit === 'MiB/s' ? load.bytes / mib : load.requests
        return `${name} ${(amount / load.cpuSeconds).toFixed(0)}`
      })
      return `By the CPU time that it used, the sink could have taken this on a core of its own: ${most.join(', ')} ${unit}.`
    },
  }
}
