import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { StoreOpenError } from '../../../src/adapters/sqlite/files/store-open-error.js'
import { createOperations } from '../../../src/adapters/sqlite/operations/operations.js'
import { openDatabase } from '../../../src/adapters/sqlite/thread/open.js'
import type { Operations, StoreFailure } from '../../../src/adapters/sqlite/thread/protocol.js'
import { isStorageFailure } from '../../../src/engine/storage/storage-gate.js'
import type { Lease } from '../../../src/ports/lease.js'
import type { Store } from '../../../src/ports/store.js'
import { jobRequest, leaseMs, multipart, node, receipt, sent, startAt, threeParts } from '../../contract/store-setup.js'
import { openStore, systemClock } from './sqlite-setup.js'

const errnos = ['ENOSPC', 'EIO', 'EROFS', 'EMFILE'] as const
const upTo = 100

interface Fault {
  readonly nth: number
  readonly errno: (typeof errnos)[number]
  readonly moment: 'before' | 'after'
}

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

let channels = 0

const setup = () => {
  // The directory is in memory where that can be had, because thousands of commits would otherwise wait for the disk.
  const root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'longshore-faults-'))
  endings.push(() => rmSync(root, { recursive: true, force: true }))
  const directory = join(root, 'data')
  /** The tests move this clock, so that leases run out when the tests say so. */
  const clock = { at: startAt }
  const name = `store-fault-${process.pid}-${++channels}`
  const channel = new BroadcastChannel(name)
  endings.push(() => channel.close())
  let hit: string | null = null
  channel.onmessage = ({ data }: { data: { hit: string | null } }) => {
    hit = data.hit ?? hit
    answered()
  }
  let answered = (): void => {}

  return {
    directory,
    clock,
    open: (onFatal: (failure: StoreFailure) => void = () => {}, fault: Fault | null = null): Promise<Store> => {
      hit = null
      // The thread has the environment of the moment in which it is started.
      process.env['STORE_FAULT'] = JSON.stringify({ channel: name, fault })
      return openStore(directory, {
        clock: { ...systemClock, now: () => clock.at, monotonic: () => clock.at },
        onFatal,
        threadUrl: new URL('./faulty-thread.mjs', import.meta.url),
      })
    },
    /** Arms the thread that is open. Returns what the fault before has hit. */
    arm: async (fault: Fault | null): Promise<string | null> => {
      const reply = new Promise<void>((resolve) => {
        answered = resolve
      })
      channel.postMessage(fault)
      await reply
      const last = hit
      hit = null
      return last
    },
    /** Opens the database as the next start would, checks it whole, and looks at it. */
    inspect: (look: (operations: Operations) => void): void => {
      const { writer, close } = openDatabase({ directory, node: 'node', at: clock.at })
      expect(writer.database.pragma('integrity_check', { simple: true })).toBe('ok')
      expect(writer.database.pragma('foreign_key_check')).toEqual([])
      look(createOperations(writer))
      close()
    },
  }
}

const errnoOf = (nth: number): Fault['errno'] => errnos[nth % errnos.length] ?? 'EIO'

describe('opening the store when the N-th call fails, for every N', () => {
  /** Most of an opening is waiting for its thread, so several openings go side by side. */
  const lanes = 3

  /** Returns whether the opening came to its N-th call at all. */
  const tryOne = async (
    tools: ReturnType<typeof setup>,
    template: string | null,
    fault: Fault,
    look: (operations: Operations) => void,
  ): Promise<boolean> => {
    rmSync(tools.directory, { recursive: true, force: true })
    if (template !== null) cpSync(template, tools.directory, { recursive: true })
    const opened = await tools.open(undefined, fault).catch((error: unknown) => error as Error)
    let wasHit = true
    if (opened instanceof Error) {
      const hint = `${fault.errno} ${fault.moment} call ${fault.nth}`
      expect(opened, hint).toBeInstanceOf(StoreOpenError)
      expect(opened, hint).toMatchObject({ exitCode: 74 })
    } else {
      wasHit = (await tools.arm(null)) !== null
      await opened.close()
    }
    tools.inspect(look)
    return wasHit
  }

  const tryAll = async (
    template: string | null,
    moment: Fault['moment'],
    look: (operations: Operations) => void,
  ): Promise<void> => {
    const calls = await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const tools = setup()
        for (let nth = 1 + lane; ; nth += lanes) {
          if (!(await tryOne(tools, template, { nth, errno: errnoOf(nth), moment }, look))) return nth - 1
        }
      }),
    )
    expect(Math.min(...calls)).toBeGreaterThan(50)
    process.stdout.write(`R5: opening the database, ${moment} the effect: N = 1 to ${Math.min(...calls)}\n`)
  }

  it('is refused with exit code 74 or opens, and what was there is there the next time', {
    timeout: 240_000,
  }, async () => {
    const tools = setup()
    const store = await tools.open()
    await store.submit(jobRequest('kept'), null)
    await store.claim({ node, limit: 1, leaseMs })
    await store.close()
    const template = `${tools.directory}.template`
    cpSync(tools.directory, template, { recursive: true })
    await tryAll(template, 'before', (again) => {
      expect(again.get(0, 'kept')).toMatchObject({ state: 'queued', runs: 1 })
    })
  })

  it('does not stand in the way of the first start the next time', { timeout: 240_000 }, async () => {
    await tryAll(null, 'after', (operations) => {
      expect(operations.submit(0, jobRequest('first'), null)).toMatchObject({ kind: 'created' })
    })
  })
})

describe('working with the store when the N-th call fails, for every N', () => {
  /** Calls again after a failure, as a caller does who is told of it. A store that ended would refuse every call. */
  const persist = async <T>(call: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries++) {
      try {
        return await call()
      } catch (error) {
        if (!isStorageFailure(error) || tries === 5) throw error
      }
    }
  }

  /** Takes one job from its submit to its end. */
  const workOn = async (store: Store, id: string, passTime: () => void): Promise<void> => {
    const claim = async (): Promise<Lease> => {
      for (;;) {
        const [claimed] = (await persist(() => store.claim({ node, limit: 1, leaseMs }))).claims
        if (claimed !== undefined) return claimed.lease
        // The claim was made but its answer was lost, so the job waits for its lease to run out.
        passTime()
      }
    }
    await persist(() => store.submit(jobRequest(id), { key: id, fingerprint: id }))
    const lease = await claim()
    const steps: readonly (() => Promise<unknown>)[] = [
      () => store.beginUpload(lease, multipart, threeParts),
      () => store.setUploadId(lease, `U-${id}`),
      () => Promise.all([1, 2, 3].map((part) => store.commitParts(lease, [sent(part)]))),
      () => store.heartbeat([lease], leaseMs),
      () => store.beginCompleting(lease),
      () => store.finish(lease, { to: 'completed', outcome: 'uploaded', receipt }),
    ]
    for (const step of steps) await persist(step)
  }

  it.each(['before', 'after'] as const)(
    'loses nothing when it fails %s its effect',
    { timeout: 240_000 },
    async (moment) => {
      const { clock, open, arm, inspect } = setup()
      const fatal: StoreFailure[] = []
      const store = await open((failure) => fatal.push(failure))
      endings.push(() => store.close())
      const ids: string[] = []
      for (let nth = 1; nth <= upTo; nth++) {
        const id = `job-${nth}`
        await arm({ nth, errno: errnoOf(nth), moment })
        await workOn(store, id, () => {
          clock.at += 10 * leaseMs
        }).catch((cause) => {
          throw new Error(`${errnoOf(nth)} ${moment} call ${nth}`, { cause })
        })
        const hit = await arm(null)
        expect(hit, `call ${nth}`).not.toBeNull()
        ids.push(id)
        expect(await store.get(id), `call ${nth}: ${hit}`).toMatchObject({
          partsUploaded: 3,
          bytesUploaded: 300,
          receipt,
        })
        const types = (await store.eventsAfter(null, { jobId: id }, 99)).items.map(({ type }) => type)
        expect(
          types.filter((type) => type === 'part.uploaded'),
          `call ${nth}: ${hit}`,
        ).toHaveLength(3)
        expect(
          types.filter((type) => type === 'job.completed'),
          `call ${nth}: ${hit}`,
        ).toHaveLength(1)
      }
      await store.close()
      expect(fatal).toEqual([])
      inspect((operations) => {
        for (const id of ids) expect(operations.get(0, id), id).toMatchObject({ state: 'completed' })
        expect(operations.stats(0).jobs).toMatchObject({ completed: upTo, queued: 0, running: 0 })
      })
      process.stdout.write(`R5: one job in the database, ${moment} the effect: N = 1 to ${upTo}\n`)
    },
  )
})
