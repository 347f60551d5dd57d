import type { BulkVerb } from '../../core/bulk-verb.js'
import { verbChore } from '../../core/chore.js'
import { Failure } from '../../core/failure.js'
import { type Job, pathOf } from '../../core/job.js'
import { isOfAll } from '../../core/job-filter.js'
import { lawOf } from '../../core/verb-law.js'
import type { Clock } from '../../ports/clock.js'
import type { Logger } from '../../ports/logger.js'
import type { SourceOpener } from '../../ports/source.js'
import type { SourceLook, UnfinishedVerb, VerbStore } from '../../ports/verb-store.js'
import { createAgent } from '../async/agent.js'
import { mapLimited } from '../async/map-limited.js'
import { createTasks, type Task } from '../async/tasks.js'
import type { NodeBoard } from '../nodes/node-board.js'
import type { Chores } from '../storage/chores.js'
import { createPatientStore } from '../storage/patient-store.js'
import type { StorageGate } from '../storage/storage-gate.js'
import { logRefusal } from '../use-cases/source-refusal.js'

/**
 * Carries bulk verbs on from job to job, in small steps, so that no other request has to wait for them. One node at a
 * time carries a verb on. After a crash it goes on with all of them.
 */
export interface BulkVerbs {
  /** Says that a verb was begun just now. */
  took(verb: BulkVerb): void
  /** Says that there may be a verb to carry on. */
  wake(): void
  /**
   * Returns true while a verb that holds claims is on its way to every job, as a pause of everything is, whichever node
   * carries it on.
   */
  holdsClaims(): boolean
  /** Reads what is left of earlier verbs, so that `holdsClaims` is right from the first claim on. */
  open(): Promise<void>
  start(): void
  /** It is idempotent. What is left is done after the next start. */
  stop(): Promise<void>
}

interface Deps {
  readonly store: VerbStore
  readonly storage: Pick<StorageGate, 'opens'>
  readonly chores: Chores
  readonly sources: SourceOpener
  readonly board: Pick<NodeBoard, 'sees'>
  readonly clock: Clock
  readonly logger: Logger
}

const stepJobs = 128
const betweenStepsMs = 5
const betweenLooksMs = 500
const sourcesAtOnce = 8
const retryMs = 1_000
/**
 * Verbs that are on their way are looked at so often. Otherwise the agent looks seldom, because what begins a verb
 * pokes it.
 */
const pollMs = 1_000
const idleMs = 60_000

const holdsAll = ({ verb, filter }: BulkVerb): boolean => lawOf(verb).holdsClaims && isOfAll(filter)

export const createBulkVerbs = (deps: Deps): BulkVerbs => {
  const { store: bare, storage, chores, sources, board, clock, logger } = deps
  let holding = false

  /** What a verb still awaits once it has met every job may not hold up others. */
  const follow = (verbs: readonly UnfinishedVerb[]): void => {
    holding = verbs.some((verb) => holdsAll(verb) && verb.standing === 'going')
  }

  const lookAt = async (job: Job): Promise<SourceLook> => {
    const jobId = job.id
    if (!board.sees(job.place)) return { jobId, fingerprint: 'due' }
    try {
      const opened = await sources.open(pathOf(job), job.options.roots)
      return { jobId, fingerprint: await opened.fingerprint().finally(() => opened.close()) }
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      logRefusal(logger.child({ jobId }), pathOf(job), error)
      return { jobId, fingerprint: null }
    }
  }

  /** Carries a verb out until it has met every job. */
  const carryOut = async (verb: BulkVerb, store: VerbStore, signal: AbortSignal): Promise<void> => {
    const { needsSource } = lawOf(verb.verb)
    for (;;) {
      signal.throwIfAborted()
      const looks = needsSource
        ? await mapLimited(await store.jobsOfVerb(verb.id, stepJobs), sourcesAtOnce, lookAt)
        : []
      const step = await store.stepVerb(verb.id, stepJobs, looks)
      if (step === 'over') return
      // It may hold claims no longer, or rest until its batch goes on.
      if (step === 'again') agent.poke()
      await clock.sleep(step === 'more' ? betweenStepsMs : betweenLooksMs, signal)
    }
  }

  const taskOf = (verb: BulkVerb): Task => {
    const fields = { verb: verb.verb, filter: verb.filter }
    return {
      name: String(verb.id),
      fields: { ...fields, task: 'verb' },
      perform: (signal) =>
        chores.perform(
          verbChore(verb.id),
          async (_chore, held) => {
            await carryOut(verb, createPatientStore(bare, storage, held), held)
            logger.info(fields, 'The verb has reached every job that matched')
          },
          signal,
        ),
    }
  }

  const tasks = createTasks({ clock, logger, onEnd: () => agent.poke() })

  const agent = createAgent({
    name: 'verbs',
    clock,
    logger,
    gate: storage,
    backoff: { firstMs: retryMs, longestMs: retryMs },
    async round(signal) {
      const verbs = await bare.unfinishedVerbs()
      follow(verbs)
      if (!signal.aborted) tasks.follow(verbs.filter(({ standing }) => standing !== 'resting').map(taskOf))
      return verbs.length === 0 ? idleMs : pollMs
    },
  })

  return {
    took(verb) {
      if (holdsAll(verb)) holding = true
      agent.poke()
    },
    wake: agent.poke,
    holdsClaims: () => holding,
    async open() {
      follow(await bare.unfinishedVerbs())
    },
    start: agent.start,
    async stop() {
      await agent.stop()
      await tasks.stop()
    },
  }
}
