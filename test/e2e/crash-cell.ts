import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { JobView } from '../../src/core/job-view.js'
import { jobRequest, type Scenario, type User } from './crash-scenarios.js'
import type { DaemonProcess } from './daemon-process.js'
import { type DeadJob, readDeadDatabase } from './dead-database.js'
import { sha256Of, until, type World } from './world.js'

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** These are arguments of node for a daemon with failpoints. */
export const failpointProgram = [
  '--import',
  new URL('failpoint-commits.mjs', import.meta.url).href,
  script('failpoint-main.mjs'),
]

/** A failpoint that is never hit keeps its daemon alive for this long after everything is done. */
const reachedWithinMs = 40_000

export interface Cell {
  readonly scenario: Scenario
  /** This is `<port>.<method>:<before|after>@<n>`. It is null for a clean run. */
  readonly failpoint: string | null
}

/** This is what a death left behind. */
interface Death {
  /** This is in ISO 8601 UTC. */
  readonly at: string
  readonly jobs: readonly DeadJob[]
  /** These are the ids of uploads that OSS opened for jobs whose rows still wait for the id. */
  readonly orphans: readonly string[]
}

export interface CellReport {
  readonly deaths: number
  /** OSS opened so many uploads whose id died with the daemon. */
  readonly orphans: number
}

const died = (error: unknown): boolean =>
  error instanceof Error && (error.message === 'fetch failed' || error.message === 'terminated' || died(error.cause))

/** Creates a user and the daemons that die under the user, one after the other on the same data directory. */
const createLives = (world: World, name: string, failpoints: readonly string[], trace: string | null) => {
  const dataDir = `${world.dataDir}-${name}`
  const left = [...failpoints]
  const deaths: Death[] = []
  const logs: string[] = []
  let daemon: DaemonProcess | null = null
  let doomed = false

  const bury = async (dead: DaemonProcess | null): Promise<void> => {
    if (dead !== null) {
      const exit = await dead.exited
      expect(exit).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      logs.push(exit.stdout)
    }
    daemon = null
    const at = new Date().toISOString()
    const jobs = await readDeadDatabase(dataDir)
    const unnamed = new Set(jobs.filter((job) => job.intent === 'initiate').map((job) => job.key))
    const orphans = world.control.uploads().filter((upload) => unnamed.has(upload.key))
    deaths.push({ at, jobs, orphans: orphans.map(({ uploadId }) => uploadId) })
  }

  const current = async (): Promise<DaemonProcess> => {
    while (daemon === null) {
      const failpoint = left.shift()
      doomed = failpoint !== undefined
      const settings = {
        LONGSHORE_DATA_DIR: dataDir,
        ...(failpoint === undefined ? {} : { FAILPOINT: failpoint }),
        ...(failpoint !== undefined || trace === null ? {} : { FAILPOINT_TRACE: trace }),
      }
      try {
        daemon = await world.start(settings, { program: failpointProgram })
      } catch (error) {
        // The failpoint was hit while the daemon started.
        if (!doomed) throw error
        await bury(null)
      }
    }
    return daemon
  }

  return {
    deaths,
    logs,
    /** Takes the step with the current daemon, and again with the next one when that dies. */
    async insist<T>(step: (daemon: DaemonProcess) => Promise<T>): Promise<T> {
      for (;;) {
        const alive = await current()
        try {
          return await step(alive)
        } catch (error) {
          if (!doomed || !died(error)) throw error
          await bury(alive)
        }
      }
    },
    /** Everything is done. A daemon that must die dies now, by its failpoint or after a while. */
    async end(): Promise<readonly DeadJob[]> {
      if (daemon !== null && doomed) {
        const reached = await Promise.race([
          daemon.exited.then(() => true),
          new Promise((resolve) => setTimeout(resolve, reachedWithinMs, false)),
        ])
        expect(reached, 'the failpoint is reached').toBe(true)
        await bury(daemon)
      }
      expect(left, 'failpoints that no life came to').toEqual([])
      const last = await current()
      last.kill('SIGKILL')
      logs.push((await last.exited).stdout)
      return readDeadDatabase(dataDir)
    },
  }
}

type Lives = ReturnType<typeof createLives>

const userOf = (lives: Lives): User => ({
  get: (jobId) => lives.insist((daemon) => daemon.get(jobId)),
  verb: (jobId, verb) =>
    lives.insist(async (daemon) => {
      const { status, body } = await daemon.request('POST', `/v1/jobs/${jobId}/${verb}`)
      expect({ verb, status, body }).toMatchObject({ status: 202 })
    }),
  until: (jobId, condition) => until(async () => condition(await lives.insist((daemon) => daemon.get(jobId)))),
})

const warnedAbout = (logs: readonly string[], key: string): boolean =>
  logs.some((log) =>
    log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .some((line) => {
        const entry = JSON.parse(line) as { level: number | string; key?: string }
        return (entry.level === 40 || entry.level === 'warn') && entry.key === key
      }),
  )

/** Checks that no part that a dead daemon had committed is begun again in the same upload. */
const expectNothingTwice = (world: World, deaths: readonly Death[]): void => {
  for (const { at, jobs } of deaths) {
    const committed = new Set(jobs.flatMap((job) => job.parts.map((part) => `${job.uploadId} ${part}`)))
    const again = world.control
      .ledger()
      .entries.filter((entry) => entry.operation === 'UploadPart' && entry.at > at)
      .map(({ uploadId, partNumber }) => `${uploadId} ${partNumber}`)
      .filter((part) => committed.has(part))
    expect(again, 'committed parts that were sent again').toEqual([])
  }
}

/**
 * Runs a scenario to its end over every death, and checks all promises. `name` is unique in the world. `trace` is a
 * file in which a life that does not die records what it passes.
 */
export const runCell = async (
  world: World,
  path: string,
  name: string,
  { scenario, failpoint }: Cell,
  trace: string | null = null,
): Promise<CellReport> => {
  const failpoints = [scenario.prelude ?? [], failpoint ?? []].flat()
  const lives = createLives(world, name, failpoints, trace)
  const user = userOf(lives)
  const sha256 = await sha256Of(path)
  const settled: JobView[] = []
  for (let n = 1; n <= scenario.jobs; n++) {
    const key = `${name}/${n}`
    world.control.addFaults(scenario.faults?.(key) ?? [])
    const job = await lives.insist(async (daemon) => {
      const request = jobRequest(scenario, path, key)
      const answer = await daemon.request<JobView>('POST', '/v1/jobs', request, { 'idempotency-key': key })
      expect(answer).toMatchObject({ status: 201 })
      return answer.body
    })
    await scenario.steer?.(user, job.id)
    settled.push(await lives.insist((daemon) => daemon.settled(job.id)))
  }
  const ended = await lives.end()

  expect(ended.map(({ id, state }) => ({ id, state }))).toEqual(settled.map(({ id }) => ({ id, state: scenario.ends })))
  for (const [index, job] of settled.entries()) {
    expect(job.state).toBe(scenario.ends)
    expect(job.attempts).toBeLessThanOrEqual(scenario.attempts ?? 0)
    const events = ended[index]?.events ?? []
    expect(events.filter((type) => type === 'job.completed')).toHaveLength(scenario.ends === 'completed' ? 1 : 0)
    expect(events.filter((type) => type === `job.${scenario.ends}`)).toHaveLength(1)
    const stored = await world.objectSha256(job.target.key)
    if (scenario.ends === 'cancelled') expect(stored).toBeNull()
    else {
      expect(job).toMatchObject({ outcome: 'uploaded', receipt: { proof: 'object' } })
      expect(job.receipt?.serverCrc64).toBe(job.receipt?.crc64)
      expect(stored).toBe(sha256)
    }
  }
  expectNothingTwice(world, lives.deaths)

  const open = world.control.uploads().filter(({ key }) => key.startsWith(`${name}/`))
  const orphans = new Set(lives.deaths.flatMap((death) => death.orphans))
  expect(open.map(({ uploadId }) => uploadId).sort()).toEqual([...orphans].sort())
  expect(orphans.size).toBeLessThanOrEqual(lives.deaths.length)
  for (const { key, parts } of open) {
    expect(parts).toEqual([])
    expect(warnedAbout(lives.logs, key), `the possible orphan of ${key} is reported`).toBe(true)
  }
  return { deaths: lives.deaths.length, orphans: orphans.size }
}

/** Returns how often each moment came in the traced run, in the order in which they first came. */
export const readTrace = async (trace: string): Promise<ReadonlyMap<string, number>> => {
  const hits = new Map<string, number>()
  for (const name of (await readFile(trace, 'utf8')).trim().split('\n')) hits.set(name, (hits.get(name) ?? 0) + 1)
  return hits
}
