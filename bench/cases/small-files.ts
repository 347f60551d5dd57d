import { join } from 'node:path'
import type { BatchView } from '../../src/core/batch-view.js'
import type { BenchContext } from '../bench-context.js'
import { type BenchDaemon, startDaemon } from '../daemon/bench-daemon.js'
import { cpuSecondsOf, peakRssBytesOf } from '../daemon/process-cost.js'
import type { SmallFiles } from '../daemon/sources.js'
import { aliOss, smallFilePeers } from '../peers/peers.js'
import { rcdContender, rclone, rcloneDaemon } from '../peers/rclone.js'
import { isInstalled } from '../peers/shell-run.js'
import {
  type CaseResult,
  type Contender,
  goalAgainst,
  goalOfCpu,
  longshore,
  mib,
  roundsOf,
  runInTurn,
} from '../report/measurement.js'
import { watchSink } from '../sink/sink-watch.js'

/** A daemon that has uploaded the same files twice before. What V8 runs often is compiled well by then. */
const warmLongshore = `${longshore}, warm`
const roundsToWarm = 2

const longshoreContender = (
  context: BenchContext,
  { names }: SmallFiles,
  upload: (daemon: BenchDaemon, folder: string) => Promise<void>,
  isWarm = false,
): Contender => ({
  name: isWarm ? warmLongshore : longshore,
  optional: false,
  async run(round) {
    const daemon = await startDaemon(context.setup)
    try {
      for (let before = 1; isWarm && before <= roundsToWarm; before++) await upload(daemon, `warm-${round}-${before}`)
      const cpuBefore = cpuSecondsOf(daemon.pid)
      const began = performance.now()
      await upload(daemon, isWarm ? `warm-${round}` : `longshore-${round}`)
      const seconds = (performance.now() - began) / 1000
      return {
        value: names.length / seconds,
        cpu: ((cpuSecondsOf(daemon.pid) - cpuBefore) * 1000) / names.length,
        peakRssMib: peakRssBytesOf(daemon.pid) / mib,
      }
    } finally {
      await daemon.stop()
    }
  },
})

const sentence = ({ names, size }: SmallFiles): string => `${names.length} files of ${size / 1024} KiB`

const pollMs = 10

/** Throws unless every file of the directory was uploaded. */
export const batchCompleted = async (daemon: BenchDaemon, id: string, files: number): Promise<void> => {
  for (;;) {
    const { state, totals } = await daemon.get<BatchView>(`/v1/batches/${id}`)
    if (state === 'completed' && totals.completed === files) return
    if (state !== 'scanning' && state !== 'running')
      throw new Error(`the batch ended as ${state}: ${JSON.stringify(totals)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

/** Measures P5: a directory as one batch. */
export const measureDirectory = async (context: BenchContext): Promise<CaseResult> => {
  const files = await context.smallFiles()
  const uploadAll = async (daemon: BenchDaemon, folder: string): Promise<void> => {
    const { id } = await daemon.submitDirectory(files.directory, `${folder}/`)
    await batchCompleted(daemon, id, files.names.length)
  }
  const own = [false, true].map((isWarm) => longshoreContender(context, files, uploadAll, isWarm))
  const watch = watchSink(context.sink, [...own, ...smallFilePeers(context, files)], files.size * files.names.length)
  const rows = await runInTurn(watch.contenders, roundsOf(context), 'files/s', context.say)
  return {
    id: 'P5',
    title: `P5: ${sentence(files)}, a directory at once, 16 in flight`,
    cpuUnit: 'ms/file',
    rows,
    goals: [
      ...goalAgainst(rows, aliOss, { id: 'P5', atLeast: '1.5', moonshot: '2' }),
      ...goalAgainst(rows, aliOss, { id: 'P5', atLeast: '2.5', moonshot: '3.5' }, 'value', warmLongshore),
      ...goalAgainst(rows, rclone, { id: 'P5', atLeast: '', moonshot: '2' }, 'value', warmLongshore),
      ...goalOfCpu(rows, { id: 'P5', unit: 'ms a file', atLeast: '0.55', moonshot: '' }),
      ...goalOfCpu(rows, { id: 'P5', unit: 'ms a file', atLeast: '0.30', moonshot: '0.20' }, warmLongshore),
    ],
    notes: [
      'One `POST /v1/batches`, until the batch is `completed` with every file. A warm daemon has uploaded them twice before.',
      watch.note('files/s'),
    ],
  }
}

interface JobPage {
  readonly items: readonly unknown[]
}

/** Asks until no job is left to do. Throws when one failed. */
const allSettled = async (daemon: BenchDaemon): Promise<void> => {
  const unsettled = '/v1/jobs?state=queued,running,completing&limit=1'
  while ((await daemon.get<JobPage>(unsettled)).items.length > 0) {
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  const { items } = await daemon.get<JobPage>('/v1/jobs?state=failed&limit=1')
  if (items.length > 0) throw new Error(`a job failed: ${JSON.stringify(items[0])}`)
}

/** Measures P6: a POST per file by 16 clients, until all are completed. */
export const measurePosts = async (context: BenchContext): Promise<CaseResult> => {
  const files = await context.smallFiles()
  const own = longshoreContender(context, files, async (daemon, folder) => {
    const left = files.names.values()
    const client = async (): Promise<void> => {
      for (const name of left) await daemon.submit(join(files.directory, name), `${folder}/${name}`)
    }
    await Promise.all(Array.from({ length: 16 }, client))
    await allSettled(daemon)
  })
  const peers = context.withPeers && isInstalled(rclone) ? [rcdContender(context.setup, files)] : []
  const watch = watchSink(context.sink, [own, ...peers], files.size * files.names.length)
  const rows = await runInTurn(watch.contenders, roundsOf(context), 'files/s', context.say)
  return {
    id: 'P6',
    title: `P6: ${sentence(files)}, one POST each by 16 clients`,
    cpuUnit: 'ms/file',
    rows,
    goals: [
      ...goalAgainst(rows, rcloneDaemon, { id: 'P6', atLeast: '1.3', moonshot: '2' }),
      ...goalOfCpu(rows, { id: 'P6', unit: 'ms a file', atLeast: '0.55', moonshot: '0.3' }),
    ],
    notes: [
      'Both daemons have just been started and are timed from the first call to the last file. rclone answers a call when its file is uploaded, and Longshore when its job is stored.',
      watch.note('files/s'),
    ],
  }
}
