import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import openDatabase from 'better-sqlite3'
import { afterEach, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import { bucket, createWorld, mib, until, type World } from './world.js'

let world: World
afterEach(() => world.end())

const files = Number(process.env['WALK_FILES'] ?? 20_000)
const perDirectory = 500
/**
 * The walk may take so much, however many files there are: pages of the database, and the garbage that the collector
 * leaves as it chooses.
 */
const mostGrowthBytes = 200 * mib

const nameOf = (n: number): string => `d${Math.floor(n / perDirectory)}/f${n}`

it(`a walk of ${files} files makes one job of each, in bounded memory`, {
  timeout: 120_000 + files * 3,
}, async () => {
  world = await createWorld()
  for (let n = 0; n < files; n++) {
    if (n % perDirectory === 0) mkdirSync(join(world.sources, `d${n / perDirectory}`))
    writeFileSync(join(world.sources, nameOf(n)), '')
  }
  const daemon = await world.start()
  const resident = async (): Promise<number> => {
    const text = await (await fetch(`${daemon.url}/metrics`)).text()
    return Number(/^longshore_process_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
  }
  const before = await resident()
  const request = {
    source: { dir: world.sources },
    target: { bucket, prefix: 'all' },
    // What is made stays queued, because only the walk is measured.
    notBefore: '2100-01-01T00:00:00Z',
  }
  const startedAt = performance.now()
  const { id } = (await daemon.request<BatchView>('POST', '/v1/batches', request)).body
  let highest = before
  let batch: BatchView | null = null
  await until(async () => {
    batch = (await daemon.request<BatchView>('GET', `/v1/batches/${id}`)).body
    highest = Math.max(highest, await resident())
    return batch.walk.done
  })
  const seconds = (performance.now() - startedAt) / 1000
  const grown = highest - before
  const figures = `${files} files in ${seconds.toFixed(1)} s, ${Math.round(files / seconds)} a second`
  process.stdout.write(
    `R-walk: ${figures}, ${Math.round(before / mib)} MiB + ${Math.round(grown / mib)} MiB resident\n`,
  )
  expect(batch).toMatchObject({ totals: { jobs: files, queued: files }, walk: { seen: files, problemCount: 0 } })
  expect(grown).toBeLessThan(mostGrowthBytes)

  daemon.kill('SIGKILL')
  await daemon.exited
  const database = openDatabase(join(world.dataDir, 'longshore.db'), { readonly: true })
  const jobsOf = new Uint8Array(files)
  let strange = 0
  for (const key of database.prepare<[], string>('SELECT key FROM jobs').pluck().iterate()) {
    const n = Number(/\/f(\d+)$/.exec(key)?.[1])
    if (key === `all/${nameOf(n)}`) jobsOf[n] = (jobsOf[n] ?? 0) + 1
    else strange++
  }
  database.close()
  expect([strange, jobsOf.every((count) => count === 1)]).toEqual([0, true])
})
