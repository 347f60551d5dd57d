// Runs the reliability tests at full size: what CI samples in minutes takes hours here if need be. It prints a table
// with seeds, durations and figures, and exits with 1 when anything failed.
//
//   npm run verify             runs everything, one after the other
//   npm run verify -- R2 R6    runs only these
//   SEED=42 npm run verify     replays the random ones
//   npm run verify -- nodes    runs the suite and ten demos on each release of Node.js, only when named: see
//   verify-nodes.mjs
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const seed = Number(process.env.SEED ?? randomInt(2 ** 31))

/** This is the number of schedules of one process. Two processes run side by side. */
const schedules = 50_000

/** Each run is a process of its own. The runs of one row go side by side. */
const rows = [
  {
    id: 'R1',
    what: 'kill -9 at every moment',
    runs: [{ files: ['test/e2e/crash-matrix'], sizes: { CRASH_CELLS: 'all' } }],
  },
  {
    id: 'R2',
    what: 'random kill -9, 10 % of calls failing',
    runs: [{ files: ['test/e2e/random-kills'], sizes: { KILL_CYCLES: 500 } }],
  },
  { id: 'R3', what: 'every fault at every step', runs: [{ files: ['test/e2e/fault-matrix', 'test/e2e/faults'] }] },
  { id: 'R4', what: 'sources that change', runs: [{ files: ['test/e2e/source-matrix', 'test/e2e/source-changes'] }] },
  {
    id: 'R5',
    what: 'file and database calls that fail',
    runs: [
      {
        files: [
          'test/engine/storage-faults',
          'test/adapters/sqlite/failing-calls',
          'test/adapters/file/file-source-faults',
          'test/e2e/full-disk',
        ],
      },
    ],
  },
  {
    id: 'R6',
    what: 'random schedules of the engine',
    runs: [0, 1].map((half) => ({
      files: ['test/engine/simulation'],
      sizes: { SCHEDULES: schedules },
      seed: seed + half * schedules,
    })),
  },
  {
    id: 'R7',
    what: 'bits that flip in transit',
    runs: [{ files: ['test/e2e/bit-flips'], sizes: { BIT_FLIPS: 5_000 } }],
  },
  {
    id: 'R8',
    what: 'requests made from the OpenAPI document, and malformed HTTP',
    runs: [
      {
        files: ['test/guard/api-fuzz', 'test/guard/raw-fuzz'],
        sizes: { FUZZ_REQUESTS: 200_000, FUZZ_SOCKETS: 20_000 },
      },
    ],
  },
  {
    id: 'R9',
    what: 'paths and keys that lead elsewhere',
    runs: [{ files: ['test/guard/traversal'], sizes: { SWAPS: 2_000 } }],
  },
  { id: 'R10', what: 'who may do what', runs: [{ files: ['test/guard/authorization-table'] }] },
  { id: 'R11', what: 'secrets that show up nowhere', runs: [{ files: ['test/guard/canaries'] }] },
  {
    id: 'R12',
    what: 'dead buckets beside healthy ones',
    runs: [{ files: ['test/engine/outages', 'test/e2e/outages'] }],
  },
  {
    id: 'R-walk',
    what: 'a directory of a million files',
    runs: [{ files: ['test/e2e/walk'], sizes: { WALK_FILES: 1_000_000 } }],
  },
  {
    id: 'C1',
    what: 'the image, built and run',
    runs: [{ files: ['test/container-build'], sizes: { CONTAINER_CHECK: 'yes' } }],
  },
]

/** Runs vitest. Returns the lines in which its tests print their figures, and whether all passed. */
const run = async (row, { files, sizes = {}, seed: own = seed }) => {
  const env = { ...process.env, SEED: String(own) }
  for (const [name, size] of Object.entries(sizes)) env[name] = String(size)
  const child = spawn(process.execPath, [vitest, 'run', '--disable-console-intercept=true', ...files], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise((resolve) => child.on('close', (code) => resolve(code === 0)))
  const figures = []
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line)
    if (line.startsWith(`${row.id}: `) && !line.startsWith(`${row.id}: SEED=`))
      figures.push(line.slice(row.id.length + 2))
  }
  return { passed: await closed, figures }
}

const wanted = process.argv.slice(2)
if (wanted.length === 1 && wanted[0] === 'nodes') {
  await import('./verify-nodes.mjs')
  process.exit()
}
const unknown = wanted.filter((id) => !rows.some((row) => row.id === id))
if (unknown.length > 0) {
  console.error(`There is no ${unknown.join(', ')}: choose among ${rows.map(({ id }) => id).join(', ')}`)
  process.exit(64)
}

const results = []
for (const row of rows.filter(({ id }) => wanted.length === 0 || wanted.includes(id))) {
  console.log(`\n=== ${row.id}: ${row.what}`)
  const startedAt = performance.now()
  const ends = await Promise.all(row.runs.map((each) => run(row, each)))
  results.push({
    ...row,
    seconds: Math.round((performance.now() - startedAt) / 1000),
    passed: ends.every(({ passed }) => passed),
    figures: ends.flatMap(({ figures }) => figures),
  })
}

console.log(`\nSEED=${seed}\n`)
console.log('| id | what | result | seconds | figures |\n|---|---|---|---|---|')
for (const { id, what, passed, seconds, figures } of results) {
  console.log(`| ${id} | ${what} | ${passed ? 'passed' : 'FAILED'} | ${seconds} | ${figures.join('; ')} |`)
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1
