import type { BenchContext } from './bench-context.js'
import { type BenchDaemon, startDaemon } from './bench-daemon.js'
import { type CaseResult, mib, rowOf, type Sample } from './measurement.js'
import { peakRssBytesOf } from './process-cost.js'
import { type Readers, startReaders } from './readers.js'
import type { BigFile } from './sources.js'

const stalledShare = 0.05

const plain = (value: number): Sample => ({ value, cpu: null, peakRssMib: null })

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0

const upload = async (daemon: BenchDaemon, file: BigFile, key: string): Promise<{ id: string; rate: number }> => {
  const began = performance.now()
  const { id } = await daemon.submit(file.path, key)
  await daemon.completed(id)
  return { id, rate: file.size / mib / ((performance.now() - began) / 1000) }
}

/** Measures P11: what readers of all events cost an upload, and how long they wait for news. */
export const measureReaders = async (context: BenchContext): Promise<CaseResult> => {
  const { sink, setup, rounds, say, readers: count } = context
  const file = await context.bigFile()
  const stalled = Math.round(count * stalledShare)
  const samples = { alone: [] as Sample[], read: [] as Sample[], middle: [] as Sample[], tail: [] as Sample[] }
  const rss: Sample[] = []
  let delivered = 0
  let cut = 0
  for (let round = 1; round <= rounds; round++) {
    await sink.reset()
    const daemon = await startDaemon(setup)
    let readers: Readers | null = null
    try {
      // The first upload of a process is slower than the others, so it is not measured.
      await upload(daemon, file, `readers-${round}/warm/big.bin`)
      const alone = await upload(daemon, file, `readers-${round}/alone/big.bin`)
      readers = await startReaders({ url: daemon.url, readers: count, stalled })
      const read = await upload(daemon, file, `readers-${round}/read/big.bin`)
      const report = await readers.report(read.id)
      const delays = [...report.delays].sort((a, b) => a - b)
      samples.alone.push(plain(alone.rate))
      samples.read.push(plain(read.rate))
      samples.middle.push(plain(at(delays, 0.5)))
      samples.tail.push(plain(at(delays, 0.99)))
      rss.push(plain(peakRssBytesOf(daemon.pid) / mib))
      delivered += delays.length
      cut += report.cut
      say(`  round ${round}: ${alone.rate.toFixed(0)} -> ${read.rate.toFixed(0)} MiB/s, p99 ${at(delays, 0.99)} ms`)
    } finally {
      await readers?.close()
      await daemon.stop()
    }
  }
  const alone = rowOf('upload, nobody reads', 'MiB/s', samples.alone)
  const read = rowOf(`upload, ${count} readers`, 'MiB/s', samples.read)
  const tail = rowOf('delivery of an event, p99', 'ms', samples.tail)
  const memory = rowOf('peak memory of the daemon', 'MiB', rss)
  const slower = 100 * (1 - read.value.median / alone.value.median)
  return {
    title: `P11: ${count} readers of all events, ${stalled} of them stalled, while a file of ${file.size / mib} MiB is uploaded`,
    cpuUnit: '',
    rows: [alone, read, rowOf('delivery of an event, p50', 'ms', samples.middle), tail, memory],
    goals: [
      { id: 'P11', what: 'ms, p99 of delivery', measured: tail.value.median, atLeast: '250', moonshot: '100' },
      { id: 'P11', what: 'MB RSS', measured: (memory.value.max * mib) / 1e6, atLeast: '250', moonshot: '200' },
      { id: 'P11', what: '% slower upload', measured: slower, atLeast: '5', moonshot: '1' },
    ],
    notes: [
      'Each round: one upload to warm up, one alone, one with the readers, by one daemon. A part that is stored is an event, and everybody gets it.',
      `Delivery is from the instant in the event, the moment of its transition, to its arrival at every twentieth reader (${delivered} arrivals); each of these must have seen the end of the upload. The others take what comes unread.`,
      `Stalled readers take nothing once they are connected; what the kernel holds for them is some MiB each. ${cut} connections were cut.`,
      'The readers run in one process on the same cores: what they cost slows the upload as well.',
    ],
  }
}
