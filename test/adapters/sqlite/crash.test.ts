import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, it } from 'vitest'
import { makeTemporaryDirectory, openStore, type TemporaryDirectory } from './sqlite-setup.js'

const rounds = 6
const seed = Number(process.env['LONGSHORE_SEED'] ?? Date.now() % 2 ** 31)

/** Creates a mulberry32, which gives the same numbers for the same seed. */
const createRandom = (start: number) => {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const directories: TemporaryDirectory[] = []
afterEach(() => {
  for (const directory of directories.splice(0)) directory.remove()
})

/**
 * Returns every acknowledged id. It submits in a process of its own until `enough` jobs were acknowledged, and then
 * kills that process.
 */
const submitUntilKilled = async (directory: string, round: number, enough: number): Promise<string[]> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'submit-forever.mjs'), directory, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  const gone = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === enough) child.kill('SIGKILL')
  }
  const [, signal] = await gone
  if (signal !== 'SIGKILL') throw new Error(`the process ended by itself, of ${String(signal)}`)
  // The last line may be half of an id that was acknowledged whole.
  return acknowledged.filter((id) => /^\d+-\d+-\d+$/.test(id)).slice(0, -1)
}

describe('kill -9', () => {
  it(`loses no job that was acknowledged (LONGSHORE_SEED=${seed})`, async () => {
    const random = createRandom(seed)
    const directory = makeTemporaryDirectory()
    directories.push(directory)
    const acknowledged: string[] = []
    for (let round = 0; round < rounds; round++) {
      acknowledged.push(...(await submitUntilKilled(directory.path, round, 1 + Math.floor(random() * 400))))
      const store = await openStore(directory.path)
      for (const id of acknowledged) expect(await store.get(id), id).toMatchObject({ id, state: 'queued' })
      const { jobs } = await store.stats()
      expect(jobs.queued).toBeGreaterThanOrEqual(acknowledged.length)
      await store.close()
    }
  })
})
