import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Cell, readTrace, runCell } from './crash-cell.js'
import { type Scenario, scenarios } from './crash-scenarios.js'
import { createWorld, type World } from './world.js'

/**
 * `npm run verify` tries everything. Otherwise a moment that an earlier scenario passes too is tried at its first hit,
 * and in a recovery not at all.
 */
const everything = process.env['CRASH_CELLS'] === 'all'
/** The process is killed at these hits of each moment. */
const hits = [1, 3]

const world: World = await createWorld()
afterAll(() => world.end())

let cellsBegun = 0
const run = async (cell: Cell, trace: string | null = null) => {
  const name = `cell-${++cellsBegun}`
  const path = await world.makeSource(name, cell.scenario.size)
  return runCell(world, path, name, cell, trace)
}

/** Returns the moments that a clean run of a scenario really passes, so that none is forgotten, and how often. */
const momentsOf = async (scenario: Scenario): Promise<ReadonlyMap<string, number>> => {
  const trace = join(world.sources, `${scenario.name}.trace`)
  await run({ scenario, failpoint: null }, trace)
  return readTrace(trace)
}

const tracedWithinMs = 120_000
const late = new Promise<never>((_resolve, reject) => {
  setTimeout(() => reject(new Error('the clean runs do not end')), tracedWithinMs).unref()
})
const traces = await Promise.race([Promise.all(scenarios.map(momentsOf)), late]).catch(async (error: unknown) => {
  await world.end()
  throw error
})

/** A run without verbs is seldom long enough for a heartbeat, so a slow one that was traced promises none. */
const comesByChance = (scenario: Scenario, moment: string): boolean =>
  scenario.steer === undefined && moment.startsWith('store.heartbeat:')

const moments = new Set<string>()
const cells = scenarios.flatMap((scenario, index) =>
  [...(traces[index] ?? [])].flatMap(([moment, count]) => {
    if (comesByChance(scenario, moment)) return []
    const known = moments.has(moment)
    moments.add(moment)
    if (known && scenario.recovery && !everything) return []
    return hits
      .filter((hit) => hit <= count && (everything || !known || hit === 1))
      .map((hit) => [`${scenario.name}: ${moment}@${hit}`, { scenario, failpoint: `${moment}@${hit}` }] as const)
  }),
)
let orphans = 0

describe('kill -9 at a named moment', () => {
  it.concurrent.each(cells)('%s', { timeout: 120_000 }, async (_name, cell) => {
    const report = await run(cell)
    expect(report.deaths).toBe(cell.scenario.prelude === undefined ? 1 : 2)
    orphans += report.orphans
  })

  it('is tried before and after every commit, remote call and abort', () => {
    const calls = [
      'store.submit store.claim store.heartbeat store.release store.control store.finish store.beginUpload',
      'store.finishPuts target.putFiles',
      'store.setUploadId store.commitParts store.beginCompleting store.forgetUpload store.chargeAttempts',
      'target.initiate target.uploadPart target.putObject target.listParts target.complete target.abort target.head',
      'sqlite.commit',
    ].flatMap((line) => line.split(' '))
    expect([...moments].sort()).toEqual(expect.arrayContaining(calls.flatMap((c) => [`${c}:after`, `${c}:before`])))
    expect(cells.length).toBeGreaterThanOrEqual(90)
    process.stdout.write(`R1: ${cells.length} cells, ${moments.size} moments, ${orphans} orphans\n`)
  })
})
