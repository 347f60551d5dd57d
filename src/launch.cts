#!/usr/bin/env node
/**
 * Starts longshore. It only sees to it that a daemon has threads enough for file systems that hang: libuv reads the
 * number once, before its first use, and that is before the imports of main.js are over. And it sees whether there are
 * descriptors enough for these imports, for Node.js can only answer their lack with a stack trace.
 */

/** Room for reads of a file system that hangs and for others, in each lane. */
const threadsPerLane = 4
/** Enough for several mounts on which everything hangs that may be in flight there. */
const fewestThreads = 64
/** For looking up names and for what else is asked of them. */
const spareThreads = 4
/** libuv takes no more. */
const mostThreads = 1024

if (process.argv[2] === 'serve' && process.env['UV_THREADPOOL_SIZE'] === undefined) {
  // What is not a number is refused by main.js, in a sentence.
  const concurrency = Number(process.env['LONGSHORE_CONCURRENCY']) || 0
  const lanes = Number(process.env['LONGSHORE_LANES']) || 0
  const threads = Math.max(fewestThreads, 2 * concurrency, threadsPerLane * lanes) + spareThreads
  process.env['UV_THREADPOOL_SIZE'] = String(Math.min(mostThreads, Math.floor(threads)))
}
const badSettings = 78
/** Stands in the package and in the image; a build for development has none. */
const bundle = `${__dirname}/bundle/load.cjs`

const start = async (): Promise<void> => {
  const { openFilesProblem } = await import('./config/open-files.js')
  const problem = openFilesProblem(process.argv[2], process.env)
  if (problem === null) {
    const { existsSync } = await import('node:fs')
    if (existsSync(bundle)) require(bundle).load('./main.cjs')
    else await import('./main.js')
    return
  }
  process.exitCode = badSettings
  process.stderr.write(`longshore: ${problem}\n`)
}
void start()
