import type { BenchContext } from '../bench-context.js'
import { type BenchSetup, startDaemon } from '../daemon/bench-daemon.js'
import { cpuSecondsOf, peakRssBytesOf } from '../daemon/process-cost.js'
import type { BigFile } from '../daemon/sources.js'
import { aliOss, bigFilePeers, curlFour, peerParts } from '../peers/peers.js'
import {
  type CaseResult,
  type Contender,
  goalAgainst,
  longshore,
  mib,
  roundsOf,
  runInTurn,
} from '../report/measurement.js'
import { secureSetup } from '../sink/secure-setup.js'
import { watchSink } from '../sink/sink-watch.js'

const gib = 1024 * mib

/** Measures from the POST to the answer that says `completed`, with a daemon that has just been started. */
export const longshoreContender = (setup: BenchSetup, file: BigFile, parallel: number): Contender => ({
  name: longshore,
  optional: false,
  async run(round) {
    const daemon = await startDaemon(setup)
    try {
      const cpuBefore = cpuSecondsOf(daemon.pid)
      const began = performance.now()
      const { id } = await daemon.submit(file.path, `longshore-${round}/big.bin`, parallel)
      await daemon.completed(id)
      const seconds = (performance.now() - began) / 1000
      return {
        value: file.size / mib / seconds,
        cpu: ((cpuSecondsOf(daemon.pid) - cpuBefore) * 1000 * gib) / file.size,
        peakRssMib: peakRssBytesOf(daemon.pid) / mib,
      }
    } finally {
      await daemon.stop()
    }
  },
})

/** Measures P1 and P2: one file's throughput, and what it costs. */
export const measureOneFile = async (context: BenchContext): Promise<CaseResult> => {
  const file = await context.bigFile()
  const { setup, sink } = context
  const contenders = [longshoreContender(setup, file, 4), ...bigFilePeers(context, file)]
  const watch = watchSink(sink, contenders, file.size)
  const rows = await runInTurn(watch.contenders, roundsOf(context), 'MiB/s', context.say)
  return {
    id: 'P1',
    title: `P1, P2: one file of ${file.size / mib} MiB`,
    cpuUnit: 'ms/GiB',
    rows,
    goals: [
      ...goalAgainst(rows, aliOss, { id: 'P1', atLeast: '2.4', moonshot: '3' }),
      ...goalAgainst(rows, curlFour, { id: 'P1', atLeast: '0.6', moonshot: '0.75' }),
      ...goalAgainst(rows, aliOss, { id: 'P2', atLeast: '0.5', moonshot: '0.4' }, 'cpu'),
    ],
    notes: [
      `${peerParts}.`,
      'Longshore is timed through its API, from the POST to `completed`, in a process that has just started. ali-oss is timed from its first call to its last answer, and programs are timed as whole processes.',
      watch.note('MiB/s'),
    ],
  }
}

/** Measures P3: the same file over TLS. */
export const measureSecureFile = async (context: BenchContext): Promise<CaseResult> => {
  const file = await context.bigFile()
  const setup = await secureSetup(context)
  const peers = bigFilePeers({ ...context, setup }, file).filter(({ name }) => name === aliOss || name === curlFour)
  const watch = watchSink(context.sink, [longshoreContender(setup, file, 4), ...peers], file.size)
  const rows = await runInTurn(watch.contenders, roundsOf(context), 'MiB/s', context.say)
  return {
    id: 'P3',
    title: `P3: one file of ${file.size / mib} MiB over TLS`,
    cpuUnit: 'ms/GiB',
    rows,
    goals: [
      ...goalAgainst(rows, curlFour, { id: 'P3', atLeast: '0.8', moonshot: '0.95' }),
      ...goalAgainst(rows, aliOss, { id: 'P3', atLeast: '', moonshot: '' }),
    ],
    notes: [
      'The connections use TLS 1.3 with a self-signed certificate that every client was told to trust.',
      watch.note('MiB/s'),
    ],
  }
}
