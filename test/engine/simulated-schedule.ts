import { AppError } from '../../src/core/app-error.js'
import { anybody } from '../../src/core/caller.js'
import type { EventType } from '../../src/core/event.js'
import type { JobErrorCode } from '../../src/core/failure.js'
import { canMove, isSettled, type Job, type JobState, jobStates } from '../../src/core/job.js'
import { partSize } from './engine-setup.js'
import { createSimulatedWorld, makeBytes, type SimulatedWorld } from './simulated-world.js'

export interface ScheduleReport {
  readonly seed: number
  /** These are the steps that were taken, in order, at virtual milliseconds. */
  readonly story: readonly string[]
  /** These are the broken promises. There are none when all were kept. */
  readonly broken: readonly string[]
  readonly jobs: number
  readonly kills: number
  readonly faults: number
  /** So many files were sent together and proven. */
  readonly puts: number
  readonly outcomes: readonly JobState[]
}

const bucket = 'bucket'
const sizes = [0, 10, 1000, partSize + 1, 2 * partSize + 9]
const paths = ['/src/a', '/src/b', '/src/c']
const maxSteps = 14
const maxKills = 4
/** These are virtual milliseconds between two steps. They are mostly few, so that the steps meet jobs at work. */
const longestPauseMs = 15_000
/** Everything must be settled within this virtual time once the sky is clear. */
const settledWithinMs = 2 * 3_600_000

/**
 * Returns why a job may fail after what was done to its source, its requests and its upload. An outage and a crash
 * excuse nothing.
 */
const excuses = (
  job: Job,
  done: { readonly changed: boolean; readonly faults: number; readonly uploadsLost: number },
): readonly JobErrorCode[] => [
  ...(done.changed ? (['source_changed', 'source_missing', 'source_unreadable'] as const) : []),
  ...(done.faults > 0 ? (['too_many_attempts', 'integrity'] as const) : []),
  ...(done.uploadsLost > 0 ? (['too_many_attempts'] as const) : []),
  ...(job.options.ifExists === 'fail' ? (['object_exists'] as const) : []),
]

const stateOf = (type: EventType): JobState | null => {
  if (type === 'job.waiting') return null
  return jobStates.find((state) => type === `job.${state}`) ?? null
}

/**
 * Checks that the states that the events tell of follow the law: a settled job has one end, and a completed job has no
 * other end before it.
 */
const checkHistory = async (world: SimulatedWorld, job: Job): Promise<void> => {
  const { items } = await world.engine.store.eventsAfter(null, { jobId: job.id }, 100_000)
  let last: JobState | null = null
  for (const { type } of items) {
    const state = stateOf(type)
    // A job that waits is queued or cancelling, and its next event tells which.
    if (state === null) {
      if (type === 'job.waiting' && last !== 'cancelling') last = 'queued'
      continue
    }
    const lawful = last === null ? state === 'queued' : state === last || canMove(last, state)
    if (!lawful) world.broken.push(`history: ${job.id} went from ${last} to ${state}`)
    last = state
  }
  if (last !== job.state) world.broken.push(`history: ${job.id} is ${job.state}, its last event says ${last}`)
  const completions = items.filter(({ type }) => type === 'job.completed').length
  if (completions !== (job.state === 'completed' ? 1 : 0)) {
    world.broken.push(`history: ${job.id} is ${job.state} and was completed ${completions} times`)
  }
}

/** Runs one schedule to its end: its steps, then a clear sky until everything is settled. */
export const runSchedule = async (seed: number, random: () => number): Promise<ScheduleReport> => {
  const world = createSimulatedWorld(random)
  const { engine, weather, broken, tally } = world
  const { clock, files, jobs, oss, store } = engine
  const story: string[] = []
  const accepted: string[] = []
  const cancelled = new Set<string>()
  const changed = new Set<string>()
  let uploadsLost = 0
  let fill = 1

  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T
  const tell = (what: string): void => void story.push(`${Math.round(clock.monotonic())} ${what}`)
  const write = (path: string, size: number): Buffer => world.remember(path, makeBytes(size, fill++))

  /**
   * Returns what a user is told: an answer, or null for a refusal and for a process that died. Anything else is a bug.
   */
  const ask = async <T>(what: string, work: Promise<T>): Promise<T | null> => {
    const answer = await world.whileAlive(work)
    if (answer instanceof Error && !(answer instanceof AppError)) broken.push(`API: ${what} threw ${answer.stack}`)
    const refused = answer instanceof Error
    tell(`${what}: ${answer === 'died' ? 'no answer' : refused ? (answer as AppError).code : 'done'}`)
    return refused || answer === 'died' ? null : (answer as T)
  }

  const submit = async (): Promise<void> => {
    const key = `key-${below(3)}`
    const request = {
      source: { path: pick(paths) },
      target: { bucket, key },
      parallel: 1 + below(4),
      sequential: random() < 0.2,
      onSourceChange: random() < 0.5 ? ('restart' as const) : ('fail' as const),
      ifExists: random() < 0.2 ? ('fail' as const) : ('overwrite' as const),
    }
    const answer = await ask(`submit ${request.source.path} to ${key}`, jobs.submit(request, null, anybody))
    if (answer === null) return
    accepted.push(answer.job.id)
    if ((await store.get(answer.job.id)) === null) broken.push(`I1: ${answer.job.id} was acknowledged and is not there`)
  }

  const steer = async (verb: 'pause' | 'resume' | 'cancel' | 'retry'): Promise<void> => {
    if (accepted.length === 0) return
    const id = pick(accepted)
    const answer = await ask(`${verb} ${id}`, jobs.control(id, verb, anybody))
    if (answer !== null && verb === 'cancel') cancelled.add(id)
  }

  const loseUpload = async (): Promise<void> => {
    const uploadId = [...oss.uploads.keys()][below(oss.uploads.size)]
    if (uploadId === undefined) return
    uploadsLost++
    oss.uploads.delete(uploadId)
    tell(`OSS forgets ${uploadId}`)
  }

  const changeSource = async (): Promise<void> => {
    const path = pick(paths)
    const file = files.files.get(path)
    const how = pick(['replace', 'rewrite', 'forge', 'append', 'truncate', 'touch', 'remove'])
    changed.add(path)
    tell(`${how} ${path}`)
    if (how === 'replace' || file === undefined) files.write(path, write(path, pick(sizes)))
    else if (how === 'remove') files.files.delete(path)
    else {
      const { length } = file.bytes
      if (how === 'rewrite' || how === 'forge') file.bytes = write(path, length)
      if (how === 'append') file.bytes = world.remember(path, Buffer.concat([file.bytes, Buffer.from('more')]))
      if (how === 'truncate') file.bytes = world.remember(path, file.bytes.subarray(0, length >> 1))
      file.ctime += 1_000_000
      if (how !== 'forge' && how !== 'touch') file.mtime += 1_000_000
    }
  }

  const restart = async (): Promise<void> => {
    if ((await ask('stop', engine.stop(pick([0, 2_000, 25_000])))) === null && world.isDead()) return
    if (files.openCount() > 0) broken.push(`descriptors: ${files.openCount()} are open after a stop`)
    tell('start')
    await world.revive()
  }

  const turnOutage = async (): Promise<void> => {
    weather.outage = !weather.outage
    tell(`outage ${weather.outage}`)
  }

  const turnKeys = async (): Promise<void> => {
    weather.keysExpired = !weather.keysExpired
    tell(`keys expired ${weather.keysExpired}`)
  }

  const setClock = async (): Promise<void> => {
    const ms = pick([-3_600_000, -5_000, 5_000, 3_600_000])
    clock.jump(ms)
    tell(`wall clock set by ${ms}`)
  }

  let full = false
  const turnDisk = async (): Promise<void> => {
    full = !full
    tell(`disk full ${full}`)
    await world.fillDisk(full)
  }

  const kill = async (): Promise<void> => {
    tell('kill')
    world.die()
  }

  const steps: readonly (readonly [number, () => Promise<void>])[] = [
    [6, submit],
    [3, () => steer('pause')],
    [3, () => steer('resume')],
    [2, () => steer('cancel')],
    [2, () => steer('retry')],
    [2, kill],
    [1, restart],
    [2, changeSource],
    [1, loseUpload],
    [1, turnOutage],
    [1, turnKeys],
    [1, setClock],
    [1, turnDisk],
  ]
  const weights = steps.reduce((sum, [weight]) => sum + weight, 0)
  const step = async (): Promise<void> => {
    let ticket = below(weights)
    for (const [weight, act] of steps) {
      ticket -= weight
      if (ticket < 0) return act()
    }
  }

  const unsettled = async (): Promise<readonly Job[]> =>
    (await store.list({}, { limit: 1000, cursor: null })).items.filter(({ state }) => !isSettled(state))

  /**
   * Checks that the uploads that are open at the end are those that a failed job may leave and those whose answer never
   * arrived.
   */
  const checkUploads = (all: readonly Job[]): void => {
    let unnamed = 0
    for (const [uploadId] of oss.uploads) {
      const owner = all.find(({ id }) => id === world.named.get(uploadId))
      if (owner === undefined) unnamed++
      else if (owner.state !== 'failed') broken.push(`uploads: ${owner.id} is ${owner.state} and left ${uploadId}`)
    }
    if (unnamed > tally.unnamed) broken.push(`uploads: ${unnamed} orphans of ${tally.unnamed} lost answers`)
  }

  const checkEnd = async (): Promise<void> => {
    const all = (await store.list({}, { limit: 1000, cursor: null })).items
    for (const id of accepted) if (!all.some((job) => job.id === id)) broken.push(`lost: ${id}`)
    for (const job of all) {
      await checkHistory(world, job)
      if (!isSettled(job.state))
        broken.push(`stuck: ${job.id} is ${job.state}, waiting ${job.waiting}, runs ${job.runs}`)
      const failures = tally.faults + tally.outages
      if (job.attempts > failures) broken.push(`I4: ${job.id} has ${job.attempts} attempts of ${failures} failures`)
      if (job.state === 'cancelled' && !cancelled.has(job.id) && tally.kills === 0) {
        broken.push(`steering: ${job.id} was cancelled by nobody`)
      }
      if (cancelled.has(job.id) && job.state === 'failed') broken.push(`steering: ${job.id} was cancelled and failed`)
      if (job.state !== 'failed') continue
      const code = job.error?.code
      const done = { changed: changed.has(job.source.path), faults: tally.faults, uploadsLost }
      if (code === undefined || !excuses(job, done).includes(code)) {
        broken.push(`failed: ${job.id} with ${code} (${job.error?.message}) for nothing that was done to it`)
      }
    }
    checkUploads(all)
  }

  for (const path of paths) files.write(path, write(path, pick(sizes)))
  weather.failing = pick([0, 0, 0.05, 0.2])
  weather.losing = pick([0, 0, 0.05, 0.2])
  weather.killing = pick([0, 0, 0.01, 0.03])
  tell(`weather ${JSON.stringify(weather)}`)
  await world.revive()
  await submit()
  const count = 4 + below(maxSteps - 4)
  for (let n = 0; n < count; n++) {
    if (tally.kills >= maxKills) weather.killing = 0
    if (world.isDead()) {
      tell('start after a death')
      await world.revive()
    }
    await step()
    await clock.sleep(random() ** 3 * longestPauseMs)
  }

  tell('the sky clears')
  Object.assign(weather, { failing: 0, losing: 0, killing: 0, outage: false, keysExpired: false })
  await world.fillDisk(false)
  if (world.isDead()) await world.revive()
  const over = clock.monotonic() + settledWithinMs
  for (let left = await unsettled(); left.length > 0 && clock.monotonic() < over; left = await unsettled()) {
    for (const { id, state } of left)
      if (state === 'paused') await ask(`resume ${id}`, jobs.control(id, 'resume', anybody))
    await clock.sleep(1_000)
  }
  await checkEnd()
  await engine.end()
  if (files.openCount() > 0) broken.push(`descriptors: ${files.openCount()} are open at the end`)
  const all = (await store.list({}, { limit: 1000, cursor: null })).items
  return {
    seed,
    story,
    broken: [...new Set(broken)],
    jobs: all.length,
    kills: tally.kills,
    faults: tally.faults,
    puts: tally.puts,
    outcomes: all.map(({ state }) => state),
  }
}
