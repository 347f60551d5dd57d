import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseSize } from '../src/core/units.js'
import type { BenchContext } from './bench-context.js'
import { measureApiLatency } from './cases/api-latency.js'
import { measureReaders } from './cases/event-readers.js'
import { measureFlatMemory } from './cases/flat-memory.js'
import { measureInstall } from './cases/install.js'
import { measureKill } from './cases/kill.js'
import { measureMemory } from './cases/memory.js'
import { measureOneFile, measureSecureFile } from './cases/one-file.js'
import { measureDirectory, measurePosts } from './cases/small-files.js'
import { measureStore } from './cases/store-load.js'
import { profileReport } from './daemon/cpu-profile.js'
import { builtProgram, packagedProgram } from './daemon/packaged.js'
import { makeBigFile, makeSmallFiles } from './daemon/sources.js'
import { missingPeers } from './peers/peers.js'
import { chartOf } from './report/chart.js'
import { type CaseResult, mib } from './report/measurement.js'
import { reportOf } from './report/tables.js'
import { startSink } from './sink/sink-process.js'

const cases: Readonly<Record<string, (context: BenchContext) => Promise<CaseResult>>> = {
  p1: measureOneFile,
  p3: measureSecureFile,
  p4: measureMemory,
  long: measureFlatMemory,
  p5: measureDirectory,
  p6: measurePosts,
  p7: measureKill,
  p8: measureApiLatency,
  p9: measureStore,
  p11: measureReaders,
  p13: measureInstall,
}

const measuredWith: Readonly<Record<string, string>> = { p2: 'p1', p10: 'p9' }

const usage = `npm run bench -- [CASE...] [--rounds 5] [--size 4GiB] [--long-size 50GiB] [--files 5000] [--readers 2000] [--profile]

Cases: ${Object.keys(cases).join(', ')} (p2 is measured with p1, p10 with p9); without any, all of them. --size is that of the big file,
--long-size that of the sparse one whose memory is watched, --files the number of small ones, --readers that of event streams. --profile prints where the daemon's threads spent their time;
profiled runs are slower.`

class UsageError extends Error {}

const readOptions = () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      size: { type: 'string', default: '4GiB' },
      'long-size': { type: 'string', default: '50GiB' },
      files: { type: 'string', default: '5000' },
      readers: { type: 'string', default: '2000' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const named = positionals.map((name) => measuredWith[name.toLowerCase()] ?? name.toLowerCase())
  const unknown = named.filter((name) => !(name in cases))
  const rounds = Number(values.rounds)
  const files = Number(values.files)
  const readers = Number(values.readers)
  const size = parseSize(values.size)
  const longSize = parseSize(values['long-size'])
  if (unknown.length > 0) throw new UsageError(`There is no case ${unknown.join(', ')}.`)
  if (![rounds, files, readers].every((count) => Number.isInteger(count) && count >= 1)) {
    throw new UsageError('--rounds, --files and --readers must be whole numbers from 1.')
  }
  if (size === null || size < 64 * mib || longSize === null || longSize < 64 * mib) {
    throw new UsageError('--size and --long-size must be sizes from 64MiB.')
  }
  const ids = named.length === 0 ? Object.keys(cases) : [...new Set(named)]
  return { ids, rounds, files, readers, size, longSize, profile: values.profile, help: values.help }
}

const versionOf = (program: string, args: readonly string[]): string => {
  try {
    return (execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0] ?? '').trim()
  } catch {
    return `${program} is not here`
  }
}

const machine = () => ({
  date: new Date().toISOString(),
  cpu: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
  memoryGib: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  node: process.version,
  commit: versionOf('git', ['describe', '--always', '--dirty']),
  curl: versionOf('curl', ['--version']),
  rclone: versionOf('rclone', ['version']),
  missing: missingPeers(),
})

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null
  return () => {
    made ??= make()
    return made
  }
}

const run = async (): Promise<void> => {
  const options = readOptions()
  if (options.help) return console.log(usage)
  const workDir = await mkdtemp(join(tmpdir(), 'longshore-bench-'))
  const sourceDir = join(workDir, 'sources')
  const profileDir = options.profile ? join(workDir, 'profiles') : null
  await mkdir(sourceDir)
  const program = options.profile ? builtProgram : await packagedProgram(join(workDir, 'package'))
  const sink = await startSink()
  const results: CaseResult[] = []
  try {
    const context: BenchContext = {
      sink,
      setup: { program, endpoint: sink.endpoint, caFile: null, workDir, sourceDir, profileDir },
      rounds: options.rounds,
      readers: options.readers,
      longSize: options.longSize,
      bigFile: once(async () => {
        const file = await makeBigFile(sourceDir, options.size)
        await sink.know(file.known)
        return file
      }),
      smallFiles: once(async () => {
        const files = await makeSmallFiles(sourceDir, options.files, 16 * 1024)
        await sink.know(files.known)
        return files
      }),
      say: console.log,
    }
    const missing = missingPeers()
    if (missing.length > 0) console.log(`Not on this machine, so not compared: ${missing.join(', ')}.`)
    for (const id of options.ids) {
      console.log(`\n${id}`)
      const result = await cases[id]?.(context)
      if (result === undefined) continue
      results.push(result)
      console.log(`\n${reportOf(result)}`)
      if (profileDir !== null) console.log(await profileReport(profileDir))
    }
  } finally {
    await sink.close()
    await rm(workDir, { recursive: true, force: true })
  }
  const about = machine()
  const resultsDir = fileURLToPath(new URL('../../results/', import.meta.url))
  const name = join(resultsDir, about.date.replaceAll(':', '-'))
  await mkdir(resultsDir, { recursive: true })
  await writeFile(`${name}.json`, `${JSON.stringify({ machine: about, options, results }, null, 2)}\n`)
  await writeFile(`${name}.svg`, chartOf(results))
  console.log(`Written: ${name}.json and .svg`)
}

try {
  await run()
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
  console.error(isUsage ? `${error.message}\n\n${usage}` : error)
  process.exitCode = isUsage ? 64 : 1
}
