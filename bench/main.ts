import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
import { sizesText } from './forms.js'
import { judgeCpu } from './history/cpu-check.js'
import { readHistory } from './history/history.js'
import { recordRun } from './history/record.js'
import { type Options, readOptions, UsageError, usage } from './options.js'
import { missingPeers, slowPeers } from './peers/peers.js'
import { chartOf } from './report/chart.js'
import { thisMachine, versionOf, watchLoad } from './report/machine.js'
import type { CaseResult } from './report/measurement.js'
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
/** The check is a gate, so it has to be short: what is in the sizes of the quick form counts, and the rounds do not. */
const checked = { ids: ['p1', 'p5'], rounds: 2 }
/** A case that takes longer hangs. The others are measured all the same. */
const longestMs = { quick: 5 * 60_000, full: 60 * 60_000 }

interface Failure {
  readonly id: string
  readonly reason: string
}

/** These are the results of a run, and what is to be known of it. */
interface Run {
  readonly results: readonly CaseResult[]
  readonly failures: readonly Failure[]
  readonly load: string
}

const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | null = null
  return () => {
    made ??= make()
    return made
  }
}

const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it had not ended after ${ms / 60_000} minutes`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Measures one case after the other. One that fails is told, and the next one follows. */
const measureIn = async (workDir: string, options: Options, say: (text: string) => void): Promise<Run> => {
  const { sizes, quick, check } = options
  const sourceDir = join(workDir, 'sources')
  const profileDir = options.profile ? join(workDir, 'profiles') : null
  await mkdir(sourceDir)
  const program = options.profile ? builtProgram : await packagedProgram(join(workDir, 'package'))
  const sink = await startSink()
  const watch = watchLoad(sink.pids)
  const results: CaseResult[] = []
  const failures: Failure[] = []
  const context: BenchContext = {
    ...sizes,
    rounds: check ? checked.rounds : sizes.rounds,
    sink,
    setup: { program, endpoint: sink.endpoint, caFile: null, workDir, sourceDir, profileDir },
    quick,
    withPeers: !check,
    bigFile: once(async () => {
      const file = await makeBigFile(sourceDir, sizes.size)
      await sink.know(file.known)
      return file
    }),
    smallFiles: once(async () => {
      const files = await makeSmallFiles(sourceDir, sizes.files, 16 * 1024)
      await sink.know(files.known)
      return files
    }),
    say,
  }
  try {
    for (const id of check ? checked.ids : options.ids) {
      say(`\n${id}`)
      try {
        const measure = cases[id]
        if (measure === undefined) throw new Error('there is no such case')
        const began = performance.now()
        const result = await within(quick ? longestMs.quick : longestMs.full, measure(context))
        results.push(result)
        say(`  ${id} took ${((performance.now() - began) / 1000).toFixed(0)} s`)
        if (!check) say(`\n${reportOf(result)}`)
        if (!check) say(`\n${formText(options)}`)
        if (profileDir !== null) say(await profileReport(profileDir))
      } catch (error) {
        failures.push({ id, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
        say(`  ${id} failed: ${String(error)}`)
      }
    }
    return { results, failures, load: watch.said() }
  } finally {
    await sink.close()
  }
}

/** Measures in a directory that is removed afterwards. */
const measureAll = async (options: Options): Promise<Run> => {
  const workDir = await mkdtemp(join(tmpdir(), 'longshore-bench-'))
  try {
    return await measureIn(workDir, options, console.log)
  } finally {
    await rm(workDir, { recursive: true, force: true })
  }
}

const formNames = { quick: 'The quick form', full: 'The full form', other: 'Sizes given by hand' } as const

const formText = ({ form, quick, sizes }: Options): string =>
  `${formNames[form]}: ${sizesText(sizes, quick)}.${quick ? ` ${slowPeers.join(', ')} is left out, because it takes long.` : ''}`

const about = () => ({
  at: new Date().toISOString(),
  machine: thisMachine(),
  kernel: release(),
  commit: versionOf('git', ['describe', '--always', '--dirty']),
  curl: versionOf('curl', ['--version']),
  rclone: versionOf('rclone', ['version']),
  missing: missingPeers(),
})

/** Writes the results beside the sources of the bench, and into the history where that is asked for. */
const keep = async (options: Options, run: Run): Promise<void> => {
  const { form, sizes } = options
  const facts = about()
  const resultsDir = fileURLToPath(new URL('../../results/', import.meta.url))
  const name = join(resultsDir, facts.at.replaceAll(':', '-'))
  await mkdir(resultsDir, { recursive: true })
  await writeFile(`${name}.json`, `${JSON.stringify({ ...facts, form, sizes, ...run }, null, 2)}\n`)
  await writeFile(`${name}.svg`, chartOf(run.results))
  console.log(`Written: ${name}.json and .svg`)
  if (!options.record) return
  const { machine, commit, at } = facts
  const figures = {
    form,
    sizes: sizesText(sizes, options.quick),
    date: at.slice(0, 10),
    commit,
    machine,
    load: run.load,
  }
  const added = await recordRun(run.results, figures)
  console.log(`Recorded: ${added} figures in bench/history.json, and its page in docs/explanation/`)
}

const check = async (options: Options): Promise<boolean> => {
  const { results, failures, load } = await measureAll(options)
  const verdicts = judgeCpu(results, await readHistory())
  console.log(`\nThe daemon's own CPU (${load}):`)
  for (const { ok, text } of verdicts) console.log(`${ok ? 'fine' : 'FAILED'}: ${text}`)
  for (const { id, reason } of failures) console.log(`FAILED: ${id} was not measured: ${reason}`)
  return failures.length === 0 && verdicts.length > 0 && verdicts.every(({ ok }) => ok)
}

const runBench = async (): Promise<boolean> => {
  const options = readOptions(process.argv.slice(2), Object.keys(cases))
  if (options.help) {
    console.log(usage(Object.keys(cases)))
    return true
  }
  if (options.check) return check(options)
  const missing = missingPeers()
  if (missing.length > 0) console.log(`Not on this machine, so not compared: ${missing.join(', ')}.`)
  const run = await measureAll(options)
  console.log(`\nThe machine: ${run.load}.`)
  await keep(options, run)
  for (const { id, reason } of run.failures) console.error(`\n${id} failed: ${reason}`)
  return run.failures.length === 0
}

try {
  const isFine = await runBench()
  // What a case that hangs has left must not keep this process.
  process.exit(isFine ? 0 : 1)
} catch (error) {
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
  console.error(isUsage ? `${error.message}\n\n${usage(Object.keys(cases))}` : error)
  process.exit(isUsage ? 64 : 1)
}
