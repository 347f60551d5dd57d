import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { anybody } from '../../src/core/caller.js'
import { Failure } from '../../src/core/failure.js'
import type { SourceOpener } from '../../src/ports/source.js'
import { type EngineSetup, partSize, path, setupEngine } from './engine-setup.js'

/**
 * The node of the request does not see the sources while `blind` is set. The runs see them all the time, as those of
 * the node that claims the job do.
 */
describe('a retry on a node that does not see the source', () => {
  let engine: EngineSetup
  afterEach(() => engine.end())

  const setup = (bytes: Buffer) => {
    const sight = { blind: false, opens: 0 }
    const counted = (sources: SourceOpener): SourceOpener => ({
      open(...request) {
        sight.opens++
        return sources.open(...request)
      },
    })
    engine = setupEngine({ seesHere: () => !sight.blind, wrapSources: counted })
    engine.files.write(path, bytes)
    engine.start()
    return sight
  }
  const stored = () => engine.oss.objects.get('bucket/key')?.bytes
  const calls = (name: string) => engine.oss.calls.filter(({ call }) => call === name).length
  const eventTypes = async (jobId: string) =>
    (await engine.store.eventsAfter(null, { jobId }, 1000)).items.map(({ type }) => type)

  /** Lets the first Complete get no answer. Until the source is out of sight no look tells what became of it. */
  const loseComplete = (sight: { readonly blind: boolean }): void => {
    engine.oss.faults = {
      after({ call, nth }) {
        if (call === 'complete' && nth === 1) throw new Failure('transient', 'no answer', {})
      },
      before({ call }) {
        if (call === 'head' && !sight.blind) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
  }

  /** Lets a job fail at its sixth part, or at its put. */
  const failed = async (sight: { readonly blind: boolean }): Promise<string> => {
    engine.oss.faults = {
      before({ call, nth }) {
        if (call === 'uploadPart' && nth === 6) throw new Failure('permanent', 'no', { code: 'access_denied' })
        if (call === 'putObject' && !sight.blind) throw new Failure('permanent', 'no', { code: 'access_denied' })
      },
    }
    const { id } = await engine.submit({ parallel: 1 })
    expect((await engine.settled(id)).state).toBe('failed')
    return id
  }

  it('opens nothing, and the run goes on where the job was when the source is the same', async () => {
    const bytes = randomBytes(8 * partSize)
    const sight = setup(bytes)
    const id = await failed(sight)
    sight.blind = true
    await engine.stop()
    const before = sight.opens
    expect((await engine.jobs.control(id, 'retry', anybody)).state).toBe('queued')
    expect(sight.opens).toBe(before)
    engine.start()
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', source: { size: bytes.length }, runs: 2 })
    expect(calls('initiate')).toBe(1)
    expect(stored()?.equals(bytes)).toBe(true)
    expect((await engine.store.get(id))?.source.isDue).toBeUndefined()
    expect((await eventTypes(id)).slice(-4)).not.toContain('job.updated')
  })

  it.each([
    ['fewer parts', 3 * partSize],
    ['more parts', 11 * partSize],
    ['one put', 100],
    ['nothing', 0],
  ])('plans a changed source of %s anew and leaves no old upload', async (_what, size) => {
    const sight = setup(randomBytes(8 * partSize))
    const id = await failed(sight)
    const bytes = randomBytes(size)
    engine.files.write(path, bytes)
    sight.blind = true
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', source: { size } })
    expect(stored()?.equals(bytes)).toBe(true)
    expect(engine.oss.uploads.size).toBe(0)
  })

  it('sends a small file that has grown in parts', async () => {
    const sight = setup(randomBytes(100))
    const id = await failed(sight)
    const bytes = randomBytes(3 * partSize)
    engine.files.write(path, bytes)
    sight.blind = true
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', upload: { mode: 'multipart' } })
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('fails the job where it is run when the source is gone, and can be retried again', async () => {
    const bytes = randomBytes(8 * partSize)
    const sight = setup(bytes)
    const id = await failed(sight)
    const file = engine.files.files.get(path)
    engine.files.files.delete(path)
    sight.blind = true
    await engine.jobs.control(id, 'retry', anybody)
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'source_missing' } })
    if (file !== undefined) engine.files.files.set(path, file)
    await engine.jobs.control(id, 'retry', anybody)
    expect((await engine.settled(id)).state).toBe('completed')
    expect(calls('initiate')).toBe(1)
  })

  it('does not take the object of an unanswered Complete for that of a source that has changed since', async () => {
    const sight = setup(randomBytes(2 * partSize))
    loseComplete(sight)
    const { id } = await engine.submit()
    expect(await engine.settled(id)).toMatchObject({ state: 'failed', error: { code: 'access_denied' } })
    const bytes = randomBytes(2 * partSize)
    engine.files.write(path, bytes)
    sight.blind = true
    await engine.jobs.control(id, 'retry', anybody)
    expect((await engine.settled(id)).state).toBe('completed')
    expect(stored()?.equals(bytes)).toBe(true)
  })

  it('finds the object of an unanswered Complete of the same source, and sends nothing again', async () => {
    const sight = setup(randomBytes(2 * partSize))
    loseComplete(sight)
    const { id } = await engine.submit()
    expect((await engine.settled(id)).state).toBe('failed')
    const sent = calls('uploadPart')
    sight.blind = true
    await engine.jobs.control(id, 'retry', anybody)
    expect((await engine.settled(id)).state).toBe('completed')
    expect(calls('uploadPart')).toBe(sent)
  })

  it('is given to many jobs as to one', async () => {
    const sight = setup(randomBytes(8 * partSize))
    const id = await failed(sight)
    const bytes = randomBytes(3 * partSize)
    engine.files.write(path, bytes)
    sight.blind = true
    await engine.verbs.begin('retry', {}, anybody)
    await engine.until(async () => (await engine.store.get(id))?.state !== 'failed')
    expect(await engine.settled(id)).toMatchObject({ state: 'completed', source: { size: bytes.length } })
    expect(stored()?.equals(bytes)).toBe(true)
  })
})
