import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { combineCrc64, crc64Of } from '../../src/core/crc64.js'
import type { JobView } from '../../src/core/job-view.js'
import type { BenchContext } from '../bench-context.js'
import { startDaemon } from '../daemon/bench-daemon.js'
import { residentBytesOf } from '../daemon/process-cost.js'
import { type BigFile, partSize } from '../daemon/sources.js'
import { type CaseResult, mib, rowOf, type Sample, spreadOf } from '../report/measurement.js'
import type { KnownBytes } from '../sink/sink-protocol.js'

const gib = 1024 * mib
const sampleEveryMs = 500
const parallel = 16
/** Memory is summed up between these shares of the bytes. */
const windows = [
  [0.1, 0.2],
  [0.45, 0.55],
  [0.9, 1],
] as const

/** Makes a file of zeros that takes no room on the disk, and the CRC-64 of its parts. */
const makeSparseFile = async (directory: string, size: number): Promise<BigFile> => {
  const name = 'sparse.bin'
  const path = join(directory, name)
  const file = await open(path, 'w')
  await file.truncate(size)
  await file.close()
  const zeros = Buffer.alloc(partSize)
  const wholePart = crc64Of(zeros)
  const known: KnownBytes[] = []
  let whole = 0n
  for (let offset = 0; offset < size; offset += partSize) {
    const length = Math.min(partSize, size - offset)
    const crc64 = length === partSize ? wholePart : crc64Of(zeros.subarray(0, length))
    whole = combineCrc64(whole, crc64, length)
    known.push({ name, partNumber: known.length + 1, size: length, crc64: String(crc64) })
  }
  known.push({ name, partNumber: 0, size, crc64: String(whole) })
  return { path, size, known }
}

const plain = (bytes: number): Sample => ({ value: bytes / 1e6, cpu: null, peakRssMib: null })

/** Measures memory over the length of one long upload: after a tenth of its bytes, and at the end. */
export const measureFlatMemory = async (context: BenchContext): Promise<CaseResult> => {
  const { sink, setup, say, longSize } = context
  const file = await makeSparseFile(setup.sourceDir, longSize)
  await sink.know(file.known)
  await sink.reset()
  const daemon = await startDaemon(setup)
  const samples: { readonly done: number; readonly rss: number }[] = []
  try {
    const { id } = await daemon.submit(file.path, 'long/sparse.bin', parallel)
    for (let told = 0; ; ) {
      const job = await daemon.get<JobView>(`/v1/jobs/${id}`)
      if (job.finishedAt !== null && job.state !== 'completed') throw new Error(`the job ended as ${job.state}`)
      const done = (job.progress?.bytesUploaded ?? 0) / file.size
      samples.push({ done, rss: residentBytesOf(daemon.pid) })
      if (done >= told) {
        say(`  ${Math.round(done * 100)} %: ${(residentBytesOf(daemon.pid) / 1e6).toFixed(0)} MB resident`)
        told += 0.1
      }
      if (job.state === 'completed') break
      await sleep(sampleEveryMs)
    }
  } finally {
    await daemon.stop()
  }
  // A short upload may pass a window between two samples.
  const rows = windows.flatMap(([from, to]) => {
    const seen = samples.filter(({ done }) => done >= from && done <= to)
    const name = `resident, ${Math.round(from * 100)} to ${Math.round(to * 100)} % sent`
    return seen.length === 0
      ? []
      : [
          rowOf(
            name,
            'MB',
            seen.map(({ rss }) => plain(rss)),
          ),
        ]
  })
  return {
    id: 'P4',
    title: `Memory over ${file.size / gib} GiB, ${parallel} parts in flight`,
    cpuUnit: '',
    rows,
    goals: [
      {
        id: 'P4',
        what: 'at the most, one long file',
        unit: 'MB',
        measured: spreadOf(samples.map(({ rss }) => rss / 1e6)).max,
        atLeast: '150',
        moonshot: '110',
      },
    ],
    notes: ['The source is sparse, so that it needs no disk. Every byte of it is read, hashed and sent.'],
  }
}
