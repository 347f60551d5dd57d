import type { JobView } from '../../src/core/job-view.js'
import type { BenchContext } from '../bench-context.js'
import { startDaemon } from '../daemon/bench-daemon.js'
import { type CaseResult, mib, roundsOf, rowOf } from '../report/measurement.js'

const askedPerRound = 300
const pauseMs = 5

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

/** Measures P8: how long the API takes to show a job while uploads of P1 run one after the other. */
export const measureApiLatency = async (context: BenchContext): Promise<CaseResult> => {
  const { sink, setup, say } = context
  const file = await context.bigFile()
  const middles: number[] = []
  const tails: number[] = []
  for (const round of roundsOf(context)) {
    await sink.reset()
    const daemon = await startDaemon(setup)
    const taken: number[] = []
    try {
      for (let upload = 1; taken.length < askedPerRound; upload++) {
        const { id } = await daemon.submit(file.path, `latency-${round}-${upload}/big.bin`)
        for (let state: JobView['state'] = 'queued'; state !== 'completed'; ) {
          const began = performance.now()
          const job = await daemon.get<JobView>(`/v1/jobs/${id}`)
          taken.push(performance.now() - began)
          state = job.state
          if (job.finishedAt !== null && state !== 'completed') throw new Error(`job ${id} ended as ${state}`)
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
        }
      }
    } finally {
      await daemon.stop()
    }
    taken.sort((a, b) => a - b)
    middles.push(at(taken, 0.5))
    tails.push(at(taken, 0.99))
    say(`  round ${round}: p99 ${at(taken, 0.99).toFixed(1)} ms of ${taken.length} answers`)
  }
  const samples = (values: readonly number[]) => values.map((value) => ({ value, cpu: null, peakRssMib: null }))
  const tail = rowOf('p99', 'ms', samples(tails))
  return {
    id: 'P8',
    title: `P8: GET /v1/jobs/:id while files of ${file.size / mib} MiB are uploaded`,
    cpuUnit: '',
    rows: [rowOf('p50', 'ms', samples(middles)), tail],
    goals: [{ id: 'P8', what: 'p99', measured: tail.value.median, unit: 'ms', atLeast: '8', moonshot: '5' }],
    notes: [
      `Each round has at least ${askedPerRound} answers to one client, which waits ${pauseMs} ms between an answer and its next question. The client shares the cores.`,
    ],
  }
}
