import type { BenchContext } from '../bench-context.js'
import { type BenchDaemon, startDaemon } from '../daemon/bench-daemon.js'
import { cpuSecondsOf, peakRssBytesOf } from '../daemon/process-cost.js'
import type { BigFile } from '../daemon/sources.js'
import { type Readers, startReaders } from '../readers/readers.js'
import { type CaseResult, mib, roundsOf, rowOf, type Sample } from '../report/measurement.js'

const stalledShare = 0.05
/** The goal is a share of two cores, however many the machine has. */
const coresOfGoal = 2

const plain = (value: number): Sample => ({ value, cpu: null, peakRssMib: null })

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

const secondsNow = (): number => performance.now() / 1000

/** Uploads the file. Returns its rate in MiB/s. */
const upload = async (daemon: BenchDaemon, file: BigFile, key: string): Promise<{ id: string; rate: number }> => {
  const began = secondsNow()
  const { id } = await daemon.submit(file.path, key)
  await daemon.completed(id)
  return { id, rate: file.size / mib / (secondsNow() - began) }
}

/** Measures one daemon: an upload to warm up, one that nobody reads of, and one that everybody reads of. */
const measureRound = async ({ setup, readers: count }: BenchContext, file: BigFile, stalled: number, round: number) => {
  const daemon = await startDaemon(setup)
  let readers: Readers | null = null
  try {
    // The first upload of a process is slower than the others, so it is not measured.
    await upload(daemon, file, `readers-${round}/warm/big.bin`)
    const cpuBefore = cpuSecondsOf(daemon.pid)
    const alone = await upload(daemon, file, `readers-${round}/alone/big.bin`)
    const cpuAlone = cpuSecondsOf(daemon.pid) - cpuBefore
    readers = await startReaders({ url: daemon.url, readers: count, stalled })
    const cpuOf = { daemon: cpuSecondsOf(daemon.pid), readers: cpuSecondsOf(readers.pid) }
    const began = secondsNow()
    const read = await upload(daemon, file, `readers-${round}/read/big.bin`)
    const { delays, pieces, cut } = await readers.report(read.id)
    const seconds = secondsNow() - began
    const cpuForReaders = cpuSecondsOf(daemon.pid) - cpuOf.daemon - cpuAlone
    const sorted = [...delays].sort((a, b) => a - b)
    return {
      alone: alone.rate,
      read: read.rate,
      middle: at(sorted, 0.5),
      tail: at(sorted, 0.99),
      rssMib: peakRssBytesOf(daemon.pid) / mib,
      share: (100 * cpuForReaders) / (seconds * coresOfGoal),
      microseconds: (1e6 * cpuForReaders) / (count * pieces),
      shareOfReaders: (100 * (cpuSecondsOf(readers.pid) - cpuOf.readers)) / (seconds * coresOfGoal),
      pieces,
      delivered: delays.length,
      cut,
    }
  } finally {
    await readers?.close()
    await daemon.stop()
  }
}

type Figures = Awaited<ReturnType<typeof measureRound>>

/** Measures P11: what readers of all events cost the daemon and an upload, and how long they wait for news. */
export const measureReaders = async (context: BenchContext): Promise<CaseResult> => {
  const { sink, say, readers: count } = context
  const file = await context.bigFile()
  const stalled = Math.round(count * stalledShare)
  const all: Figures[] = []
  for (const round of roundsOf(context)) {
    await sink.reset()
    const figures = await measureRound(context, file, stalled, round)
    all.push(figures)
    const { alone, read, tail, share, microseconds, pieces } = figures
    say(
      `  round ${round}: ${alone.toFixed(0)} -> ${read.toFixed(0)} MiB/s, p99 ${tail} ms, ${share.toFixed(1)} % of two cores, ` +
        `${microseconds.toFixed(1)} us a reader and piece (${pieces.toFixed(0)} pieces)`,
    )
  }
  const row = (name: string, unit: string, of: (figures: Figures) => number) =>
    rowOf(
      name,
      unit,
      all.map((figures) => plain(of(figures))),
    )
  const sum = (of: (figures: Figures) => number): number => all.reduce((total, figures) => total + of(figures), 0)
  const tail = row('delivery of an event, p99', 'ms', (figures) => figures.tail)
  const share = row("daemon's CPU for the readers", '% of two cores', (figures) => figures.share)
  const memory = row('peak memory of the daemon', 'MiB', ({ rssMib }) => rssMib)
  return {
    id: 'P11',
    title: `P11: ${count} readers of all events, ${stalled} of them stalled, while a file of ${file.size / mib} MiB is uploaded`,
    cpuUnit: '',
    rows: [
      row('upload, nobody reads', 'MiB/s', ({ alone }) => alone),
      row(`upload, ${count} readers`, 'MiB/s', ({ read }) => read),
      row('delivery of an event, p50', 'ms', ({ middle }) => middle),
      tail,
      share,
      row("daemon's CPU for a reader and piece", 'us', ({ microseconds }) => microseconds),
      row("CPU of the bench's own readers", '% of two cores', ({ shareOfReaders }) => shareOfReaders),
      memory,
    ],
    goals: [
      { id: 'P11', what: 'p99 of delivery', measured: tail.value.median, unit: 'ms', atLeast: '300', moonshot: '150' },
      {
        id: 'P11',
        what: 'memory at the most',
        measured: (memory.value.max * mib) / 1e6,
        unit: 'MB',
        atLeast: '170',
        moonshot: '170',
      },
      {
        id: 'P11',
        what: "the daemon's CPU for the readers",
        measured: share.value.median,
        unit: '% of two cores',
        atLeast: '8',
        moonshot: '5',
      },
    ],
    notes: [
      'In each round one daemon makes an upload to warm up, one alone, and one with the readers. Each part that is stored is an event, and every reader gets it.',
      `Delivery is from the instant in the event, the moment of its transition, to its arrival at every twentieth reader (${sum(({ delivered }) => delivered)} arrivals). Each of these must have seen the end of the upload. The others take what comes and do not read it.`,
      `A piece is what arrives at a reader at once. CPU for the readers is what the daemon used more than for the upload alone, from its submission until all watched readers have seen its end.`,
      `Stalled readers take nothing once they are connected. The kernel holds some MiB for each of them. ${sum(({ cut }) => cut)} connections were cut.`,
      'The readers run in one process on the same cores, so what they cost slows the upload as well.',
    ],
  }
}
