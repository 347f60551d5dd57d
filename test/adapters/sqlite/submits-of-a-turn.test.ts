import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BroadcastChannel, Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Store } from '../../../src/ports/store.js'
import { jobRequest } from '../../contract/store-setup.js'
import { openStore } from './sqlite-setup.js'

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

const setup = async (threadUrl?: URL) => {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'longshore-turn-'))
  endings.push(() => rmSync(directory, { recursive: true, force: true }))
  const store: Store = await openStore(directory, threadUrl === undefined ? {} : { threadUrl })
  endings.push(() => store.close())
  return store
}

const submit = (
  store: Store,
  id: string,
  changes: Parameters<typeof jobRequest>[1] = {},
  key?: string,
  most?: number,
) => store.submit(jobRequest(id, changes), key === undefined ? null : { key, fingerprint: id }, null, most)

describe('submits of one turn', () => {
  it('travel to the thread as one message', async () => {
    const store = await setup()
    const posted = vi.spyOn(Worker.prototype, 'postMessage')
    endings.push(() => posted.mockRestore())
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => submit(store, id)))
    expect(posted.mock.calls).toMatchObject([[{ length: 4 }]])
  })

  it('answer the job that is stored, whatever was asked for it', async () => {
    const store = await setup()
    const options = { ...jobRequest('b').options, bandwidth: 1024, bandwidthAsked: '1KiB', roots: ['/srv/in'] }
    const answers = await Promise.all([
      submit(store, 'a', { labels: { run: 'ü😀', 'a"b': '\u2028' }, priority: -7 }),
      submit(store, 'b', { options, marker: null }),
      submit(store, 'c', { dueAt: Date.now() + 60_000 }),
    ])
    for (const answer of answers) {
      if (answer.kind !== 'created') throw new Error(answer.kind)
      expect(answer.job).toEqual(await store.get(answer.job.id))
    }
    expect(answers).toMatchObject([{ job: { state: 'queued' } }, {}, { job: { waiting: 'notBefore' } }])
  })

  it('have their own answers and their own errors, and one that fails takes nothing from the others', async () => {
    const store = await setup()
    await submit(store, 'old', {}, 'known-key')
    const { target } = jobRequest('a')
    const answers = await Promise.allSettled([
      submit(store, 'a'),
      submit(store, 'rival', { target }),
      submit(store, 'old', { target: { ...target, key: 'elsewhere' } }),
      submit(store, 'other', {}, 'known-key'),
      submit(store, 'old', {}, 'known-key'),
      submit(store, 'full', {}, undefined, 1),
      submit(store, 'b'),
    ])
    expect(answers).toMatchObject([
      { value: { kind: 'created', job: { id: 'a' } } },
      { value: { kind: 'target_busy', jobId: 'a' } },
      // An id that exists already is a bug of ours: the database refuses the row.
      { status: 'rejected', reason: { message: expect.stringContaining('UNIQUE') } },
      { value: { kind: 'mismatch' } },
      { value: { kind: 'replayed', job: { id: 'old' } } },
      { value: { kind: 'queue_full' } },
      { value: { kind: 'created', job: { id: 'b' } } },
    ])
    const { items } = await store.list({}, { limit: 10, cursor: null })
    expect(items.map(({ id }) => id).sort()).toEqual(['a', 'b', 'old'])
    expect(await store.stats()).toMatchObject({ jobs: { queued: 3 } })
  })

  it('are all refused when the medium fails their commit, and none of them is there', async () => {
    const name = `submits-of-a-turn-${process.pid}`
    const channel = new BroadcastChannel(name)
    endings.push(() => channel.close())
    process.env['STORE_FAULT'] = JSON.stringify({ channel: name, fault: null })
    const store = await setup(new URL('./faulty-thread.mjs', import.meta.url))
    // The fault hits one of the rows in the middle of the group.
    const armed = new Promise((resolve) => {
      channel.onmessage = resolve
    })
    channel.postMessage({ nth: 4, errno: 'ENOSPC', moment: 'before' })
    await armed
    const answers = await Promise.allSettled(['a', 'b', 'c'].map((id) => submit(store, id)))
    expect(answers).toMatchObject(
      answers.map(() => ({ status: 'rejected', reason: { code: 'storage_full', name: 'AppError' } })),
    )
    expect(await store.stats()).toMatchObject({ jobs: { queued: 0 } })
    await expect(submit(store, 'a')).resolves.toMatchObject({ kind: 'created' })
  })
})
