import { type Contender, mib } from './measurement.js'
import { cpuSecondsOf } from './process-cost.js'
import type { Sink } from './sink-process.js'

/** What one contender's runs were for the sink. */
interface Load {
  cpuSeconds: number
  bytes: number
  requests: number
}

/** How much the sink took, and what that cost it. */
export interface SinkWatch {
  readonly contenders: readonly Contender[]
  /** How fast one core full of sink could have been fed by each contender. Below it, the sink was not what held it up. */
  note(unit: 'MiB/s' | 'files/s'): string
}

const none: Load = { cpuSeconds: 0, bytes: 0, requests: 0 }

/**
 * Resets the sink before every run, and looks afterwards: a run fails that did not bring `leastBytes`, so that nobody is fast by
 * leaving something out, and the time that the sink itself needed tells whether it was what held the run up.
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
      return `What the sink could have taken on a core of its own, by the CPU time that it used: ${most.join(', ')} ${unit}.`
    },
  }
}
