import type { BenchContext } from '../bench-context.js'
import { startDaemon } from '../daemon/bench-daemon.js'
import { partSize } from '../daemon/sources.js'
import { type CaseResult, mib, roundsOf, rowOf, type Sample } from '../report/measurement.js'

const parallel = 4

const plain = (value: number): Sample => ({ value, cpu: null, peakRssMib: null })

/**
 * Returns a point just behind the half, which lies at another position among the parts in flight in each round. Parts
 * tend to end together, so at the half itself, where a part ends, there would be little to cut off.
 */
const killAt = (size: number, round: number, rounds: number): number =>
  Math.floor(size / 2 + (round / (rounds + 1)) * parallel * partSize)

/**
 * Measures P7: SIGKILL half-way, and then a new daemon on the same database. The figures come from the sink's ledger.
 */
export const measureKill = async (context: BenchContext): Promise<CaseResult> => {
  const { sink, setup, rounds, say } = context
  const file = await context.bigFile()
  const again: Sample[] = []
  const until: Sample[] = []
  for (const round of roundsOf(context)) {
    const first = await startDaemon(setup)
    const half = new Promise<void>((resolve, reject) => {
      sink.reset({ bytes: killAt(file.size, round, rounds), onAlarm: resolve }).catch(reject)
    })
    const { id } = await first.submit(file.path, `kill-${round}/big.bin`, parallel)
    try {
      // The job of a daemon that does not come to the half ends in an error, and not in waiting.
      await Promise.race([half, first.completed(id)])
    } finally {
      await first.kill()
    }
    const known = (await sink.ledger()).length
    const second = await startDaemon(setup, first.dataDir)
    try {
      await second.completed(id)
      const requests = await sink.ledger()
      const received = requests.reduce((sum, request) => sum + request.received, 0)
      const next = requests[known]
      if (next === undefined) throw new Error('the upload was over before it could be killed: use a bigger --size')
      again.push(plain((received - file.size) / mib))
      until.push(plain((next.at - second.startedAt) / 1000))
      say(`  round ${round}: ${((received - file.size) / mib).toFixed(1)} MiB twice`)
    } finally {
      await second.stop()
    }
  }
  const twice = rowOf('sent twice', 'MiB', again)
  const firstPart = rowOf('start to first part', 's', until)
  return {
    id: 'P7',
    title: `P7: SIGKILL at half of ${file.size / mib} MiB, and a new start`,
    cpuUnit: '',
    rows: [twice, firstPart],
    goals: [
      {
        id: 'P7',
        what: 'sent twice at the most',
        unit: 'MiB',
        measured: twice.value.max,
        atLeast: `${(parallel * partSize) / mib}`,
        moonshot: 'what was cut off',
      },
      {
        id: 'P7',
        what: 'start to the first part',
        measured: firstPart.value.median,
        unit: 's',
        atLeast: '0.5',
        moonshot: '0.3',
      },
    ],
    notes: [
      'The daemon is killed just behind the half, at another position among the parts in flight in each round.',
      'What was sent twice is all that the sink received beyond the size of the file. The start counts from the fork of the new process to the head of its first part at the sink.',
    ],
  }
}
