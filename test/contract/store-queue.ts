import { describe, expect, it } from 'vitest'
import { granted, jobRequest, leaseMs, multipart, node, type StoreSetup, sent, threeParts } from './store-setup.js'

/** Tests submits, claims, leases and the ways in which a run ends without settling its job. */
export const queueTests = (setup: () => Promise<StoreSetup>): void => {
  describe('submit', () => {
    it('keeps every field of the request and starts the rest at its zero', async () => {
      const { store, now } = await setup()
      const request = jobRequest('a', {
        batchId: 'b1',
        priority: -7,
        labels: { run: '42', 'ключ "1"': '' },
        marker: null,
      })
      const result = await store.submit(request, null)
      const { dueAt: _, ...given } = request
      const expected = {
        ...given,
        state: 'queued',
        desired: 'run',
        waiting: null,
        dueAt: null,
        notBefore: null,
        upload: null,
        intent: null,
        bytesUploaded: 0,
        partsUploaded: 0,
        outcome: null,
        receipt: null,
        removal: null,
        error: null,
        node: null,
        refusal: null,
        attempts: 0,
        runs: 0,
        crashes: 0,
        restarts: 0,
        version: 1,
        createdAt: now(),
        startedAt: null,
        finishedAt: null,
      }
      expect(result).toEqual({ kind: 'created', job: expected })
      expect(await store.get('a')).toEqual(expected)
    })

    it('takes no more jobs than may be queued, but knows those that it took', async () => {
      const { store, submit, now, claimOne } = await setup()
      await submit({ dueAt: now() + 1000 })
      const key = { key: 'k', fingerprint: 'f' }
      expect(await store.submit(jobRequest('b'), key, null, 2)).toMatchObject({ kind: 'created' })
      expect(await store.submit(jobRequest('c'), null, null, 2)).toEqual({ kind: 'queue_full' })
      expect(await store.get('c')).toBeNull()
      expect(await store.submit(jobRequest('b2'), key, null, 2)).toMatchObject({ kind: 'replayed' })
      await claimOne()
      expect(await store.submit(jobRequest('c'), null, null, 2)).toMatchObject({ kind: 'created' })
    })

    it('tells the feed and the dispatcher', async () => {
      const { submit, eventTypes, hints } = await setup()
      const job = await submit()
      expect(await eventTypes(job.id)).toEqual(['job.queued'])
      expect(new Set(hints)).toEqual(new Set(['events', 'jobs']))
    })

    it('makes a job with a later start wait for it', async () => {
      const { store, submit, eventTypes, advance, now, claimOne } = await setup()
      const job = await submit({ dueAt: now() + 1000 })
      expect(job).toMatchObject({ state: 'queued', waiting: 'notBefore', dueAt: now() + 1000 })
      expect(await eventTypes(job.id)).toEqual(['job.waiting'])
      expect(await store.claim({ node, limit: 9, leaseMs })).toEqual({ claims: [], nextDueInMs: 1000 })
      advance(1000)
      expect((await claimOne()).job).toMatchObject({ id: job.id, state: 'running', waiting: null, dueAt: null })
    })

    it('takes a start that has passed as none', async () => {
      const { submit, now } = await setup()
      expect(await submit({ dueAt: now() })).toMatchObject({ waiting: null, dueAt: null })
    })

    it('answers a replay with the job as it is now, also when its target is taken', async () => {
      const { store, claimOne } = await setup()
      const key = { key: 'k', fingerprint: 'body-1' }
      await store.submit(jobRequest('a'), key)
      const { job } = await claimOne()
      expect(await store.submit(jobRequest('b', { target: job.target }), key)).toEqual({ kind: 'replayed', job })
      expect(await store.get('b')).toBeNull()
      expect(await store.submit(jobRequest('c'), { key: 'k', fingerprint: 'body-2' })).toEqual({ kind: 'mismatch' })
      expect(await store.findByIdempotencyKey('k')).toEqual({ fingerprint: 'body-1', job })
      expect(await store.findByIdempotencyKey('other')).toBeNull()
    })

    it('refuses a second unsettled job for one object, and only for that', async () => {
      const { store, failed } = await setup()
      const first = jobRequest('a')
      await store.submit(first, null)
      const same = (changes: object) => ({ target: { ...first.target, ...changes } })
      expect(await store.submit(jobRequest('b', same({})), { key: 'k', fingerprint: 'f' })).toEqual({
        kind: 'target_busy',
        jobId: 'a',
      })
      expect(await store.findByIdempotencyKey('k')).toBeNull()
      for (const [id, changes] of [
        ['c', { bucket: 'bucket-b' }],
        ['d', { key: 'other' }],
        ['e', { endpoint: 'https://elsewhere.example' }],
      ] as const) {
        expect((await store.submit(jobRequest(id, same(changes)), null)).kind).toBe('created')
      }
      const settled = await failed({ priority: 9, target: { ...first.target, key: 'again' } })
      expect((await store.submit(jobRequest('f', { target: settled.target }), null)).kind).toBe('created')
    })
  })

  describe('claim', () => {
    it('takes by priority, then age, at most the limit', async () => {
      const { store, submit } = await setup()
      for (const priority of [0, 5, 0, 5, -1]) await submit({ priority })
      const take = async (limit: number) =>
        (await store.claim({ node, limit, leaseMs })).claims.map((claim) => claim.job.id)
      expect(await take(3)).toEqual(['job-2', 'job-4', 'job-1'])
      expect(await take(9)).toEqual(['job-3', 'job-5'])
      expect(await take(9)).toEqual([])
    })

    it('marks the job running and counts its runs', async () => {
      const { store, running, claimOne, advance, eventTypes, now } = await setup()
      const first = await running()
      expect(first.job).toMatchObject({ state: 'running', runs: 1, startedAt: now() })
      const startedAt = now()
      await store.release(first.lease, { to: 'queued', waiting: null, delayMs: null })
      advance(10)
      const second = await claimOne()
      expect(second.job).toMatchObject({ state: 'running', runs: 2, startedAt })
      expect(second.lease.epoch).toBeGreaterThan(first.lease.epoch)
      expect(await eventTypes(first.job.id)).toEqual(['job.queued', 'job.running', 'job.queued', 'job.running'])
    })

    it('plans the put of a file below the threshold, for which the claim is the intent', async () => {
      const { store, running } = await setup()
      const { options } = jobRequest('a')
      const planned = async (changes: Partial<typeof options>) =>
        (await running({ options: { ...options, ...changes } })).job.upload
      const put = { mode: 'put', uploadId: null, partSize: 300, partCount: 1 }
      expect(await planned({ multipartThreshold: 301 })).toEqual(put)
      expect(await planned({ multipartThreshold: 300 })).toBeNull()
      // It is not known yet whether anything has to be sent.
      expect(await planned({ multipartThreshold: 301, ifExists: 'skip' })).toBeNull()
      const [, running1] = (await store.eventsAfter(null, { jobId: 'job-1' }, 9)).items
      expect(running1?.job).toMatchObject({ state: 'running', upload: { mode: 'put' }, progress: { partsTotal: 1 } })
      expect((await store.get('job-1'))?.upload).toEqual(put)
    })

    it('takes cancelling jobs before everything else, and leaves them cancelling', async () => {
      const { store, submit, now } = await setup()
      await submit({ priority: 100 })
      const cancelled = await submit({ dueAt: now() + 1000 })
      await store.control(cancelled.id, { verb: 'cancel' })
      const { claims } = await store.claim({ node, limit: 1, leaseMs })
      expect(claims.map((claim) => claim.job)).toMatchObject([{ id: cancelled.id, state: 'cancelling', runs: 1 }])
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toHaveLength(1)
    })

    it('takes no more of one endpoint and bucket than its share, by priority and age among the pairs', async () => {
      const { store, submit } = await setup()
      const at = (bucket: string, key: string, endpoint = 'https://oss.example') => ({
        target: { bucket, key, endpoint, region: 'r' },
      })
      for (const key of ['1', '2', '3', '4']) await submit(at('full', key))
      await submit({ ...at('other', '5'), priority: -1 })
      await submit(at('full', '6', 'https://elsewhere.example'))
      await submit(at('dead', '7'))
      const dead = { endpoint: 'https://oss.example', bucket: 'dead', limit: 0 }
      const take = async (limit: number, pairLimit: number) =>
        (await store.claim({ node, limit, leaseMs, pairLimit, quotas: [dead] })).claims.map(({ job }) => job.id)
      expect(await take(9, 2)).toEqual(['job-1', 'job-2', 'job-6', 'job-5'])
      expect(await take(1, 2)).toEqual(['job-3'])
      const full = { endpoint: 'https://oss.example', bucket: 'full', limit: 0 }
      expect((await store.claim({ node, limit: 9, leaseMs, quotas: [full, dead] })).claims).toEqual([])
      expect((await store.claim({ node, limit: 9, leaseMs })).claims.map(({ job }) => job.id)).toEqual([
        'job-4',
        'job-7',
      ])
    })

    it('takes those that are to come last when no other of their pair is ready, in the order given', async () => {
      const { store, submit } = await setup()
      const { target } = await submit()
      for (let more = 0; more < 3; more++) await submit()
      const quota = { ...target, limit: 1, last: ['job-3', 'job-1', 'gone', 'job-2'] }
      const take = async () =>
        (await store.claim({ node, limit: 9, leaseMs, quotas: [quota] })).claims.map(({ job }) => job.id)
      expect([await take(), await take(), await take(), await take()].flat()).toEqual([
        'job-4',
        'job-3',
        'job-1',
        'job-2',
      ])
    })

    it('takes from the other end of a pair when asked to', async () => {
      const { store, submit } = await setup()
      const { target } = await submit()
      for (const priority of [0, 5, -1]) await submit({ priority })
      const take = async (last: readonly string[]) => {
        const quotas = [{ ...target, limit: 1, last, reversed: true }]
        return (await store.claim({ node, limit: 9, leaseMs, quotas })).claims.map(({ job }) => job.id)
      }
      expect([await take([]), await take(['job-2']), await take([]), await take([])].flat()).toEqual([
        'job-4',
        'job-1',
        'job-2',
        'job-3',
      ])
    })

    it('takes overdue jobs and cancels that need no request whatever the quotas', async () => {
      const { store, submit, running, now, advance } = await setup()
      const { options } = jobRequest('x')
      const started = await running()
      await store.beginUpload(started.lease, multipart, threeParts)
      await store.setUploadId(started.lease, 'u')
      await store.control(started.job.id, { verb: 'cancel' })
      await store.release(started.lease, { to: 'queued', waiting: null, delayMs: null })
      const overdue = await submit({ options: { ...options, notAfter: now() + 1000 }, dueAt: now() + 5000 })
      const cancelled = await submit()
      await store.control(cancelled.id, { verb: 'cancel' })
      await submit()
      const take = async () =>
        (await store.claim({ node, limit: 9, leaseMs, pairLimit: 0 })).claims.map(({ job }) => job.id)
      expect(await take()).toEqual([cancelled.id])
      advance(1000)
      expect(await take()).toEqual([overdue.id])
      const rest = await store.claim({ node, limit: 1, leaseMs })
      expect(rest.claims.map(({ job }) => job.id)).toEqual([started.job.id])
    })

    it('lets a job whose runs crash again and again wait longer each time, until something is committed', async () => {
      const { store, submit, claimOne, advance, now } = await setup()
      const { id } = await submit()
      const delays: number[] = []
      const crash = async (): Promise<void> => {
        advance(leaseMs)
        await store.claim({ node, limit: 9, leaseMs, pairLimit: 0 })
        const job = await store.get(id)
        expect(job).toMatchObject({ state: 'queued', attempts: 0, waiting: job?.dueAt == null ? null : 'backoff' })
        delays.push((job?.dueAt ?? now()) - now())
        advance(delays.at(-1) ?? 0)
      }
      for (let crashes = 0; crashes < 10; crashes++) {
        await claimOne()
        await crash()
      }
      expect(delays).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 60, 60].map((seconds) => seconds * 1000))

      const { lease } = await claimOne()
      await store.beginUpload(lease, multipart, threeParts)
      await store.commitParts(lease, [sent(1)])
      await crash()
      expect(delays.at(-1)).toBe(0)
    })

    it('names the earliest moment at which a waiting job is due', async () => {
      const { store, submit, now } = await setup()
      await submit({ dueAt: now() + 5000 })
      await submit({ dueAt: now() + 3000 })
      expect((await store.claim({ node, limit: 1, leaseMs })).nextDueInMs).toBe(3000)
    })

    it('rescues a job whose lease ran out, and its old holder is fenced', async () => {
      const { store, running, claimOne, advance, eventTypes } = await setup()
      const old = await running()
      advance(leaseMs - 1)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toEqual([])
      advance(1)
      const taken = await claimOne()
      expect(taken.job).toMatchObject({ id: old.job.id, state: 'running', runs: 2, attempts: 0 })
      expect(await eventTypes(old.job.id)).toEqual(['job.queued', 'job.running', 'job.queued', 'job.running'])
      expect(await store.heartbeat([old.lease, taken.lease], leaseMs)).toMatchObject([
        { jobId: old.job.id, held: false, desired: 'run' },
        { jobId: old.job.id, held: true, desired: 'run' },
      ])
    })

    it('changes nothing for a fenced holder, whatever it writes', async () => {
      const { store, running, claimOne, advance, eventTypes } = await setup()
      const { lease } = await running()
      advance(leaseMs)
      const { job } = await claimOne()
      const events = await eventTypes(job.id)
      const writes = [
        store.release(lease, { to: 'queued', waiting: null, delayMs: null }),
        store.beginUpload(lease, { mode: 'put', uploadId: null, partSize: 300, partCount: 1 }, []),
        store.setUploadId(lease, 'u'),
        store.setIntent(lease, 'abort'),
        store.commitParts(lease, []),
        store.chargeAttempts(lease, 3),
        store.forgetUpload(lease, null),
        store.beginCompleting(lease),
        store.finish(lease, { to: 'completed', outcome: 'skipped', receipt: null }),
      ]
      expect(await Promise.all(writes)).toEqual(writes.map(() => 'fenced'))
      expect(await store.get(job.id)).toEqual(job)
      expect(await eventTypes(job.id)).toEqual(events)
    })

    it('pauses instead of rescuing when the user wanted a pause, and keeps a cancel', async () => {
      const { store, running, advance } = await setup()
      const { job: pausing } = await running()
      const { job: cancelling } = await running()
      await store.control(pausing.id, { verb: 'pause' })
      await store.control(cancelling.id, { verb: 'cancel' })
      advance(leaseMs)
      const { claims } = await store.claim({ node, limit: 9, leaseMs })
      expect(claims.map((claim) => claim.job)).toMatchObject([{ id: cancelling.id, state: 'cancelling' }])
      expect(await store.get(pausing.id)).toMatchObject({ state: 'paused' })
    })
  })

  describe('heartbeat', () => {
    it('renews leases from now and brings back what the user wants', async () => {
      const { store, running, advance } = await setup()
      const { lease, job } = await running()
      advance(leaseMs - 1)
      await store.control(job.id, { verb: 'pause' })
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ jobId: job.id, held: true, desired: 'pause' }])
      advance(leaseMs - 1)
      expect((await store.claim({ node, limit: 9, leaseMs })).claims).toEqual([])
      expect(await store.get(job.id)).toMatchObject({ state: 'running' })
    })

    it('says of a released lease and of a job that is gone that they are not held', async () => {
      const { store, running } = await setup()
      const { lease } = await running()
      await store.finish(lease, { to: 'completed', outcome: 'skipped', receipt: null })
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ held: false }])
      await store.remove(lease.jobId)
      expect(await store.heartbeat([lease], leaseMs)).toMatchObject([{ jobId: lease.jobId, held: false }])
    })
  })

  describe('release', () => {
    it('queues again at once, or after a wait with its reason', async () => {
      const { store, running, claimOne, eventTypes, advance, now } = await setup()
      const { lease, job } = await running()
      const dueAt = now() + 2000
      const waiting = granted(await store.release(lease, { to: 'queued', waiting: 'backoff', delayMs: 2000 }))
      expect(waiting).toMatchObject({ state: 'queued', waiting: 'backoff', dueAt })
      expect(await store.claim({ node, limit: 9, leaseMs })).toEqual({ claims: [], nextDueInMs: 2000 })
      advance(2000)
      const again = await claimOne()
      const queued = granted(await store.release(again.lease, { to: 'queued', waiting: null, delayMs: null }))
      expect(queued).toMatchObject({ state: 'queued', waiting: null, dueAt: null })
      expect((await eventTypes(job.id)).slice(2)).toEqual(['job.waiting', 'job.running', 'job.queued'])
    })

    it('ends the lease', async () => {
      const { store, running } = await setup()
      const { lease } = await running()
      await store.release(lease, { to: 'queued', waiting: null, delayMs: null })
      expect(await store.release(lease, { to: 'queued', waiting: null, delayMs: null })).toBe('fenced')
    })

    it('keeps the intent of a job that was completing', async () => {
      const { store, running } = await setup()
      const { lease } = await running()
      await store.beginCompleting(lease)
      const job = granted(await store.release(lease, { to: 'queued', waiting: null, delayMs: null }))
      expect(job).toMatchObject({ state: 'queued', intent: 'complete' })
    })

    it('lets a cancelling job wait, without losing the cancel', async () => {
      const { store, running, claimOne, advance, now, eventTypes } = await setup()
      const { lease, job } = await running()
      await store.control(job.id, { verb: 'cancel' })
      const dueAt = now() + 1000
      const resting = granted(await store.release(lease, { to: 'cancelling', waiting: 'endpoint', delayMs: 1000 }))
      expect(resting).toMatchObject({ state: 'cancelling', waiting: 'endpoint', dueAt })
      expect(await store.claim({ node, limit: 9, leaseMs })).toEqual({ claims: [], nextDueInMs: 1000 })
      advance(1000)
      expect((await claimOne()).job).toMatchObject({ id: job.id, state: 'cancelling', waiting: null })
      expect((await eventTypes(job.id)).slice(2)).toEqual(['job.cancelling', 'job.waiting'])
    })

    it('does not hold up a cancel that arrived before a backoff', async () => {
      const { store, running, claimOne } = await setup()
      const { lease, job } = await running()
      await store.control(job.id, { verb: 'cancel' })
      await store.release(lease, { to: 'queued', waiting: 'backoff', delayMs: 60_000 })
      expect((await claimOne()).job).toMatchObject({ id: job.id, state: 'cancelling' })
    })
  })
}
