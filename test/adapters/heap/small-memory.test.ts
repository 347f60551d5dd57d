import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const house = fileURLToPath(new URL('../../..', import.meta.url))

const hasAddon = (): boolean => {
  try {
    return typeof createRequire(import.meta.url)('../../../native/crc64/crc64.node').giveBack === 'function'
  } catch {
    return false
  }
}

/** Fills the young generation, becomes small, and works on while threads start. Prints its size in MB at each of these times. */
const program = `
import { getHeapSpaceStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { beginThread } from './dist/adapters/heap/heap-flags.js'
import { becomeSmall, limitMalloc } from './dist/adapters/heap/small-memory.js'

const size = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size / 1e6
const work = async (rounds) => {
  let kept = []
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < 20_000; i++) kept.push({ i, list: [i] })
    if (round % 2 === 1) kept = []
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const startThread = async () => {
  const begun = beginThread()
  const thread = new Worker('0', { eval: true })
  await once(thread, 'exit')
  begun()
}
limitMalloc()
await work(100)
const grown = size()
becomeSmall(0)
while (size() === grown) await new Promise((resolve) => setTimeout(resolve, 5))
const small = size()
await work(100)
await startThread()
await work(100)
console.log(JSON.stringify({ grown, small, after: size() }))
`

describe('The memory of the main thread', () => {
  it('becomes small after the start and stays so, whatever starts later', async (context) => {
    if (!hasAddon()) context.skip('the addon was not compiled on this machine')
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], { cwd: house })
    const { grown, small, after } = JSON.parse(stdout)
    expect(grown).toBeGreaterThan(30)
    expect(small).toBeLessThan(5)
    expect(after).toBeLessThan(10)
  })
})
