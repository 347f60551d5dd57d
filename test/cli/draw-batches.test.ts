import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createApi } from '../../src/cli/client/api.js'
import { DaemonUnreachable, type HttpClient } from '../../src/cli/client/http-client.js'
import { createConsole } from '../../src/cli/console.js'
import { drawBatches } from '../../src/cli/follow/draw-batches.js'
import { Interrupted } from '../../src/cli/interrupt.js'
import { createBatch } from '../../src/core/batch.js'
import { viewBatch } from '../../src/core/batch-view.js'
import { batchRequest } from '../contract/store-batch-setup.js'
import { eventually } from './eventually.js'
import { jobView } from './fake-daemon.js'
import { linesOnTerminal } from './terminal.js'

const mib = 1024 ** 2

/** Follows a batch of one job that has 40 of 100 MiB in flight, on a terminal until `interrupt` or `breakEvents`. */
const setup = () => {
  const plain = viewBatch(createBatch(batchRequest('b-1'), 0), [])
  const batch = { ...plain, totals: { ...plain.totals, jobs: 1, bytesTotal: 100 * mib } }
  const job = jobView('j1', { batchId: 'b-1', state: 'running', source: { path: '/in/a.bin', size: 100 * mib } })
  const progress = { ...job.progress, bytesTotal: 100 * mib, bytesInFlight: 40 * mib }
  const ctrlC = new AbortController()
  const broken = new AbortController()
  const never = (signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const client: HttpClient = {
    address: 'http://daemon',
    request: async (_method, path, { signal }) => {
      signal.throwIfAborted()
      return path === '/v1/jobs' ? { items: [{ ...job, progress }], nextCursor: null } : batch
    },
    stream: async (_path, { signal }) => {
      signal.throwIfAborted()
      return (async function* () {
        yield ': hello\n\n'
        await Promise.race([never(signal), never(broken.signal)])
      })()
    },
    close: async () => {},
  }
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 })
  let text = ''
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const console = createConsole({ env: {}, stdin: new PassThrough(), stdout, stderr: new PassThrough() })
  const done = drawBatches({ api: createApi(client), console, signal: ctrlC.signal }, [batch])
  done.catch(() => {})
  const total = () => linesOnTerminal(text).find((line) => line.includes(' of 1+ files')) ?? ''
  return {
    done,
    total,
    shows: (part: string) => eventually(() => expect(total()).toContain(part)),
    interrupt: () => ctrlC.abort(new Interrupted('interrupted')),
    breakEvents: () => broken.abort(new DaemonUnreachable('http://daemon', 'the connection broke')),
  }
}

describe('batches that are drawn', () => {
  it('leave at Ctrl-C what was true then', async () => {
    const { done, total, shows, interrupt } = setup()
    await shows('40.0 MiB of 100.0 MiB (40%)')
    interrupt()
    await expect(done).rejects.toThrow(Interrupted)
    expect(total()).toContain('40.0 MiB of 100.0 MiB (40%)')
  })

  it('take back what was in flight when the events break', async () => {
    const { done, shows, interrupt, breakEvents } = setup()
    await shows('40.0 MiB of 100.0 MiB (40%)')
    breakEvents()
    await shows('0 B of 100.0 MiB (0%)')
    interrupt()
    await expect(done).rejects.toThrow(Interrupted)
  })
})
