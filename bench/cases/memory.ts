import type { BenchContext } from '../bench-context.js'
import { startDaemon } from '../daemon/bench-daemon.js'
import { peakRssBytesOf, residentBytesOf } from '../daemon/process-cost.js'
import { type CaseResult, mib, roundsOf, rowOf, type Sample } from '../report/measurement.js'
import { watchSink } from '../sink/sink-watch.js'
import { longshoreContender } from './one-file.js'
import { batchCompleted } from './small-files.js'

const parallel = 16
const batches = 2

const plain = (value: number): Sample => ({ value, cpu: null, peakRssMib: null })
const megabytes = (bytes: number): number => bytes / 1e6

/** Returns what a daemon has resident at most, and before its first job, in a process that sends batches of small files. */
const measureBatches = async (context: BenchContext, round: number): Promise<{ idle: Sample; peak: Sample }> => {
  const { directory, names } = await context.smallFiles()
  const daemon = await startDaemon(context.setup)
  try {
    const idle = residentBytesOf(daemon.pid)
    for (let batch = 1; batch <= batches; batch++) {
      const { id } = await daemon.submitDirectory(directory, `memory-${round}-${batch}/`)
      await batchCompleted(daemon, id, names.length)
    }
    return { idle: plain(megabytes(idle)), peak: plain(megabytes(peakRssBytesOf(daemon.pid))) }
  } finally {
    await daemon.stop()
  }
}

/** Measures P4: memory while 16 parts are in flight, and after batches of small files. */
export const measureMemory = async (context: BenchContext): Promise<CaseResult> => {
  const { setup, say } = context
  const file = await context.bigFile()
  const { names } = await context.smallFiles()
  const contender = longshoreContender(setup, file, parallel)
  const [watched = contender] = watchSink(context.sink, [contender], file.size).contenders
  const large: Sample[] = []
  const small: Sample[] = []
  const idle: Sample[] = []
  for (const round of roundsOf(context)) {
    const { peakRssMib } = await watched.run(round)
    large.push(plain(megabytes((peakRssMib ?? 0) * mib)))
    const measured = await measureBatches(context, round)
    idle.push(measured.idle)
    small.push(measured.peak)
    say(`  round ${round}: ${large.at(-1)?.value.toFixed(0)} MB, ${small.at(-1)?.value.toFixed(0)} MB`)
  }
  const one = rowOf('peak, one file', 'MB', large)
  const many = rowOf(`peak, ${batches} batches of ${names.length}`, 'MB', small)
  const goal = (what: string, measured: number) => ({
    id: 'P4',
    what,
    measured,
    unit: 'MB',
    atLeast: '150',
    moonshot: '110',
  })
  return {
    id: 'P4',
    title: `P4: memory of the daemon: one file of ${file.size / mib} MiB with ${parallel} parts in flight; ${batches} batches of ${names.length} small files`,
    cpuUnit: '',
    rows: [rowOf('when it listens', 'MB', idle), one, many],
    goals: [goal('at the most, one file', one.value.max), goal(`at the most, ${batches} batches`, many.value.max)],
    notes: [
      'The figure is VmHWM of the whole process, so its start counts as well. Each program has a process of its own.',
    ],
  }
}
