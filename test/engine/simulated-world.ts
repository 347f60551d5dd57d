import { AppError } from '../../src/core/app-error.js'
import { crc64Of } from '../../src/core/crc64.js'
import { Failure } from '../../src/core/failure.js'
import type { Job } from '../../src/core/job.js'
import type { Finish } from '../../src/core/job-ends.js'
import type { Lease } from '../../src/ports/lease.js'
import type { PutResult } from '../../src/ports/queue-store.js'
import type { Store } from '../../src/ports/store.js'
import type { CallInfo } from '../fakes/memory-oss.js'
import { type EngineSetup, partSize, setupEngine } from './engine-setup.js'

/** These are chances from 0 to 1 for each call. */
export interface Weather {
  /** OSS fails before it does anything. */
  failing: number
  /** OSS does what was asked, and the answer is lost. */
  losing: number
  /** The process dies before a call or after its effect. */
  killing: number
  /** Nothing reaches OSS. */
  outage: boolean
  /** OSS refuses whatever is signed. */
  keysExpired: boolean
}

export interface SimulatedWorld {
  readonly engine: EngineSetup
  readonly weather: Weather
  /** These are the promises that were broken, as sentences. */
  readonly broken: string[]
  /**
   * These numbers say what happened from outside. `outages` counts the calls that an outage failed, and `unnamed` the
   * Initiates whose answer may have been lost on its way into the store. `puts` counts files that were sent together.
   */
  readonly tally: { faults: number; outages: number; kills: number; unnamed: number; puts: number }
  /** These are the upload ids that were committed, with their jobs. */
  readonly named: ReadonlyMap<string, string>
  /** These are all contents that a path has ever held. */
  readonly versions: ReadonlyMap<string, readonly Buffer[]>
  /** From now on the database takes no writes, or takes them again. */
  fillDisk(full: boolean): Promise<void>
  isDead(): boolean
  die(): void
  /** Starts the engine. After a death it starts once the old leases have run out. */
  revive(): Promise<void>
  /** Returns the promise's answer or error, or 'died' when the process did that first. */
  whileAlive<T>(work: Promise<T>): Promise<T | Error | 'died'>
  /** Puts another content at a path. */
  remember(path: string, bytes: Buffer): Buffer
}

/** A request and its answer may need so many virtual milliseconds. */
const longestTravelMs = 3_000

/** A disk that is full for a shorter time ends no run. */
const leasesHoldMs = 15_000

/**
 * Returns a promise of its own to each caller that waits, because a shared one would keep all that ever waited in
 * memory.
 */
const never = (): Promise<never> => new Promise(() => {})

const reads: ReadonlySet<string> = new Set(['get', 'list', 'parts', 'lastEventId', 'eventsAfter', 'stats'])

const transient = (): Failure => new Failure('transient', 'OSS stumbled', { status: 503 })

/** Returns a content that differs from every other and whose parts differ from each other. */
export const makeBytes = (size: number, fill: number): Buffer => {
  const bytes = Buffer.alloc(size, fill & 0xff)
  for (let offset = 0; offset + 8 <= size; offset += partSize) {
    bytes.writeUInt32LE(fill, offset)
    bytes.writeUInt32LE(offset, offset + 4)
  }
  return bytes
}

/**
 * Creates the engine under a sky of faults. Every commit and every remote call is watched: what breaks an invariant of
 * quality (I1 to I5) is written down as it happens.
 */
export const createSimulatedWorld = (random: () => number): SimulatedWorld => {
  const weather: Weather = { failing: 0, losing: 0, killing: 0, outage: false, keysExpired: false }
  const broken: string[] = []
  const tally = { faults: 0, outages: 0, kills: 0, unnamed: 0, puts: 0 }
  const named = new Map<string, string>()
  const versions = new Map<string, Buffer[]>()
  const newLife = () => {
    let end = (): void => {}
    const ended = new Promise<'died'>((resolve) => {
      end = () => resolve('died')
    })
    return { dead: false, started: false, funeral: Promise.resolve(), ended, end }
  }
  let life = newLife()
  /** This is a monotonic time. It is null while the disk has room. */
  let fullSince: number | null = null

  const chance = (probability: number): boolean => probability > 0 && random() < probability

  const die = (): void => {
    if (life.dead || !life.started) return
    tally.kills++
    life.dead = true
    life.funeral = engine.kill()
    life.end()
  }

  const check = (holds: boolean, sentence: string): void => {
    if (!holds) broken.push(sentence)
  }

  /** Checks I3: what is called uploaded is in OSS, and is one content of the source, unmixed. */
  const checkReceipt = (job: Job): void => {
    const object = engine.oss.objects.get(`${job.target.bucket}/${job.target.key}`)
    const bytes = object?.bytes ?? Buffer.alloc(0)
    check(object !== undefined && object.marker === job.marker, `I3: ${job.id} completed without its object`)
    check(job.receipt?.size === bytes.length, `I3: ${job.id} has a receipt of another size`)
    check(job.receipt?.crc64 === crc64Of(bytes).toString(), `I3: ${job.id} has a receipt of other bytes`)
    const whole = versions.get(job.source.path)?.some((version) => version.equals(bytes)) === true
    check(whole, `I3: the object of ${job.id} is no content that its source ever had`)
  }

  const witness = (method: string, args: readonly unknown[], answer: unknown): void => {
    if (answer === 'fenced' && method === 'setUploadId') tally.unnamed++
    if (answer === 'fenced' || answer === 'unwanted') return
    if (method === 'setUploadId') named.set(args[1] as string, (args[0] as Lease).jobId)
    if (method === 'takeLeftovers') {
      const { job } = answer as { readonly job: Job }
      if (job.upload?.uploadId != null) named.set(job.upload.uploadId, job.id)
    }
    if (method === 'finish') {
      const end = args[1] as Finish
      if (end.to === 'completed' && end.outcome === 'uploaded') checkReceipt(answer as Job)
    }
  }

  const witnessPuts = async (
    store: Store,
    results: readonly PutResult[],
    answers: readonly string[],
  ): Promise<void> => {
    for (const [index, { lease }] of results.entries()) {
      const job = answers[index] === 'done' ? await store.get(lease.jobId) : null
      if (job === null) continue
      tally.puts++
      checkReceipt(job)
    }
  }

  const wrapStore = (store: Store): Store =>
    new Proxy(store, {
      get(_, name: string) {
        const method = Reflect.get(store, name) as (...args: readonly unknown[]) => Promise<unknown>
        if (reads.has(name) || name === 'close') return method
        return async (...args: readonly unknown[]) => {
          const mine = life
          if (chance(weather.killing)) die()
          if (mine.dead) return never()
          if (fullSince !== null) throw new AppError('storage_full', 'The disk is full')
          const answer = await method(...args)
          witness(name, args, answer)
          if (name === 'finishPuts')
            await witnessPuts(store, args[0] as readonly PutResult[], answer as readonly string[])
          if (chance(weather.killing)) die()
          return mine.dead ? never() : answer
        }
      },
    })

  /** Returns the job that makes a call, by its upload or its mark. Returns null for a call that only looks. */
  const callerOf = async ({ uploadId, marker }: CallInfo): Promise<Job | null> => {
    if (uploadId !== null) return engine.store.get(named.get(uploadId) ?? '')
    if (marker === null) return null
    const { items } = await engine.store.list({}, { limit: 1000, cursor: null })
    return items.find((job) => job.marker === marker) ?? null
  }

  /** Returns whether OSS holds the object of this job, with the bytes that its source still has. */
  const isDone = (job: Job): boolean => {
    const object = engine.oss.objects.get(`${job.target.bucket}/${job.target.key}`)
    const source = engine.files.files.get(job.source.path)
    return object !== undefined && object.marker === job.marker && source?.bytes.equals(object.bytes) === true
  }

  /**
   * Returns whether the store says of an upload that no job goes on with it. Any run that comes by may then remove it.
   */
  const isGivenUp = async (uploadId: string | null): Promise<boolean> => {
    const { items } = await engine.store.abandonedUploads({ limit: 1000, cursor: null })
    return items.some((upload) => upload.uploadId === uploadId)
  }

  /** Checks I2 and "nothing is sent twice": what a call must find in the store before it may begin. */
  const checkIntent = async (info: CallInfo): Promise<void> => {
    const { call, uploadId, partNumber } = info
    const job = await callerOf(info)
    if (job === null) {
      check(call === 'head', `I2: ${call} for no job`)
      return
    }
    const says = `${call} of ${job.id} (${job.state}, intent ${job.intent})`
    if (call === 'initiate') {
      check(job.intent === 'initiate' && job.upload?.uploadId === null, `I2: ${says}`)
      check(!isDone(job), `sent twice: ${job.id} is in OSS already, and unchanged`)
    }
    if (call === 'putObject') check(job.upload?.mode === 'put', `I2: ${says}`)
    if (call === 'complete') check(job.state === 'completing' && job.intent === 'complete', `I2: ${says}`)
    if (call === 'abort')
      check(job.state === 'cancelling' || job.intent === 'abort' || (await isGivenUp(uploadId)), `I2: ${says}`)
    if (call !== 'uploadPart') return
    check(job.upload?.uploadId === uploadId, `I2: ${says}, into an upload that is not committed`)
    const { items } = await engine.store.parts(job.id, { limit: 1000, cursor: null })
    const part = items.find((stored) => stored.partNumber === partNumber)
    check(part?.state === 'pending', `sent twice: part ${partNumber} of ${job.id} is committed`)
  }

  /** Flips a bit on the way: OSS stores what arrives, and its CRC-64 betrays it. */
  const corrupt = ({ call, bucket, key, uploadId, partNumber }: CallInfo): void => {
    const flip = (bytes: Buffer): Buffer => {
      const flipped = Buffer.from(bytes)
      flipped[0] = (flipped[0] ?? 0) ^ 1
      return flipped
    }
    if (call === 'uploadPart') {
      const parts = engine.oss.uploads.get(uploadId ?? '')?.parts
      const bytes = parts?.get(partNumber ?? 0)
      if (bytes !== undefined) parts?.set(partNumber ?? 0, flip(bytes))
    } else {
      const object = engine.oss.objects.get(`${bucket}/${key}`)
      if (object !== undefined) object.bytes = flip(object.bytes)
    }
  }

  /**
   * Sleeps for a time that is mostly short, so that many things happen while few requests are under way. Throws the
   * signal's reason when it is aborted.
   */
  const travel = (signal: AbortSignal): Promise<void> => engine.clock.sleep(random() ** 2 * longestTravelMs, signal)

  const before = async (info: CallInfo, signal: AbortSignal): Promise<void> => {
    if (chance(weather.killing)) die()
    if (life.dead) await never()
    await checkIntent(info)
    await travel(signal)
    if (weather.outage) {
      tally.outages++
      throw random() < 0.5 ? new Failure('transient', 'No connection to OSS', { unsent: true }) : transient()
    }
    if (weather.keysExpired) throw new Failure('credentials', 'The token has expired', { status: 403 })
    if (!chance(weather.failing)) return
    tally.faults++
    if (random() < 0.3) throw new Failure('throttled', 'slow down', { status: 503, retryAfterMs: 2_000 })
    throw transient()
  }

  const after = async (info: CallInfo, signal: AbortSignal): Promise<void> => {
    const mine = life
    const lost = (failure: unknown): never => {
      if (info.call === 'initiate') tally.unnamed++
      throw failure
    }
    if (chance(weather.killing)) die()
    await travel(signal).catch(lost)
    if (mine.dead) await never()
    if (!chance(weather.losing)) return
    tally.faults++
    if (info.call === 'complete') throw new Failure('ambiguous', 'the answer is cut short')
    if ((info.call === 'uploadPart' || info.call === 'putObject') && random() < 0.3) {
      corrupt(info)
      // No process hears that the bytes are wrong, so the next life has to find it out.
      if (weather.killing > 0 && random() < 0.3) die()
      if (mine.dead) await never()
      throw new Failure('integrity', 'other bytes arrived')
    }
    lost(transient())
  }

  const engine = setupEngine({
    random,
    wrapStore,
    // Requests meet nodes that see the source and nodes that do not.
    seesHere: () => random() < 0.5,
    keys: { areAtHand: () => !weather.keysExpired },
    quietRounds: 3,
    together: true,
    slots: 1 + Math.floor(random() * 8),
  })
  engine.oss.faults = { before, after }

  /** Counts the answers that these jobs may have got, because they will never be committed. */
  const countUnnamed = async (): Promise<void> => {
    const { items } = await engine.store.list({}, { limit: 1000, cursor: null })
    tally.unnamed += items.filter((job) => job.intent === 'initiate').length
  }

  return {
    engine,
    weather,
    broken,
    tally,
    named,
    versions,
    async fillDisk(full) {
      if (full) fullSince ??= engine.clock.monotonic()
      else if (fullSince !== null) {
        // Leases could not be renewed, so runs gave up what they held.
        if (engine.clock.monotonic() - fullSince >= leasesHoldMs) await countUnnamed()
        fullSince = null
      }
    },
    isDead: () => life.dead,
    die,
    async revive() {
      await life.funeral
      engine.files.forgetDescriptors()
      await countUnnamed()
      life = newLife()
      life.started = true
      engine.start()
    },
    whileAlive: (work) => {
      const answer = work.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
      return Promise.race([answer, life.ended])
    },
    remember(path, bytes) {
      versions.set(path, [...(versions.get(path) ?? []), bytes])
      return bytes
    },
  }
}
