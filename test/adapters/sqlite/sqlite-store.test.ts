import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Job } from '../../../src/core/job.js'
import type { Page } from '../../../src/ports/page.js'
import { jobRequest } from '../../contract/store-setup.js'
import { createMemoryLogger, type LogLine, makeTemporaryDirectory, openStore } from './sqlite-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const setup = () => {
  const directory = makeTemporaryDirectory()
  endings.push(directory.remove)
  return directory.path
}

/** Makes a thread that opens like the real one and then meets its end in `onRequest`. */
const doomedThread = (directory: string, onRequest: string): URL => {
  const path = join(directory, 'doomed-thread.mjs')
  const report = { schemaVersion: 1, migrated: false, checkedAfterCrash: false, releasedLeases: 0, warnings: ['odd'] }
  writeFileSync(
    path,
    `import { parentPort } from 'node:worker_threads'
     parentPort.on('message', () => { ${onRequest} })
     parentPort.postMessage({ kind: 'opened', report: ${JSON.stringify(report)} })`,
  )
  return pathToFileURL(path)
}

describe('the SQLite store', () => {
  it('lets 5,000 submits at once share their fsyncs', async () => {
    const lines: LogLine[] = []
    const store = await openStore(setup(), { logger: createMemoryLogger(lines) })
    endings.push(() => store.close())
    const results = await Promise.all(
      Array.from({ length: 5000 }, (_, i) => store.submit(jobRequest(`job-${i}`), null)),
    )
    expect(results.every((result) => result.kind === 'created')).toBe(true)
    const groups = lines.filter((line) => line.message === 'committed a group')
    expect(groups.reduce((sum, group) => sum + Number(group.fields['operations']), 0)).toBe(5000)
    expect(groups.length).toBeLessThan(5000 / 5)
    expect(await store.stats()).toMatchObject({ jobs: { queued: 5000 }, bytesPending: 5000 * 300 })
  })

  it('counts so many jobs a call and no more, each once', async () => {
    const store = await openStore(setup())
    endings.push(() => store.close())
    await Promise.all(Array.from({ length: 5003 }, (_, i) => store.submit(jobRequest(`job-${i}`), null)))
    const first = await store.countJobs({ since: 0 }, null)
    const second = await store.countJobs({ since: 0 }, first.nextCursor)
    expect([first.pending, second.pending, second.nextCursor]).toEqual([5000, 3, null])
    expect([first.newestPending, second.newestPending]).toEqual(['job-4999', 'job-5002'])
  })

  it('looks at so many jobs for a page and no more, and gives a cursor to go on', async () => {
    const store = await openStore(setup())
    endings.push(() => store.close())
    await store.submit(jobRequest('wanted', { labels: { rare: '' } }), null)
    await Promise.all(Array.from({ length: 4500 }, (_, i) => store.submit(jobRequest(`job-${i}`), null)))
    const rare = { labels: [{ key: 'rare', value: null }] }
    for (const filter of [rare, { ...rare, states: ['queued'] as const }]) {
      const found: string[][] = []
      let cursor: string | null = null
      do {
        const page: Page<Job> = await store.list(filter, { limit: 10, cursor })
        found.push(page.items.map((job) => job.id))
        cursor = page.nextCursor
      } while (cursor !== null)
      expect(found).toEqual([[], [], ['wanted']])
    }
  })

  it('settles what was called before close', async () => {
    const store = await openStore(setup())
    const calls = Array.from({ length: 50 }, (_, i) => store.submit(jobRequest(`job-${i}`), null))
    await store.close()
    expect((await Promise.all(calls)).every((result) => result.kind === 'created')).toBe(true)
  })

  it.each([
    ['throws', 'throw new Error("out of luck")'],
    ['ends', 'process.exit(1)'],
  ])('refuses pending and later calls when its thread %s, and says so once', async (_, onRequest) => {
    const directory = setup()
    const lines: LogLine[] = []
    const onFatal = vi.fn()
    const store = await openStore(directory, {
      threadUrl: doomedThread(directory, onRequest),
      logger: createMemoryLogger(lines),
      onFatal,
    })
    const pending = [store.lastEventId(), store.check()]
    for (const call of pending) await expect(call).rejects.toMatchObject({ code: 'storage_unavailable' })
    await expect(store.get('b')).rejects.toMatchObject({ code: 'storage_unavailable' })
    expect(onFatal).toHaveBeenCalledTimes(1)
    expect(onFatal).toHaveBeenCalledWith(expect.objectContaining({ exitCode: 74 }))
    expect(lines.map((line) => line.level)).toEqual(['warn', 'info', 'error'])
    await store.close()
  })

  it('does not take its own close for a death', async () => {
    const lines: LogLine[] = []
    const onFatal = vi.fn()
    const store = await openStore(setup(), { logger: createMemoryLogger(lines), onFatal })
    await store.close()
    expect(onFatal).not.toHaveBeenCalled()
    expect(lines.filter((line) => line.level === 'error')).toEqual([])
  })

  it('tells nobody of a submit that made nothing', async () => {
    const notify = vi.fn()
    const store = await openStore(setup(), { wakeup: { notify, subscribe: () => () => undefined } })
    endings.push(() => store.close())
    await store.submit(jobRequest('a'), null)
    expect(notify.mock.calls.flat().sort()).toEqual(['events', 'jobs'])
    notify.mockClear()
    await store.get('a')
    expect(notify).not.toHaveBeenCalled()
  })
})
