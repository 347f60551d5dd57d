import { Worker } from 'node:worker_threads'
import { AppError } from '../../../core/app-error.js'
import { createJob } from '../../../core/job-steps.js'
import type { Clock } from '../../../ports/clock.js'
import type { Logger } from '../../../ports/logger.js'
import type { Store } from '../../../ports/store.js'
import { type StoreOperation, storeOperations } from '../../../ports/store-operations.js'
import type { Wakeup, WakeupTopic } from '../../../ports/wakeup.js'
import { storePaths } from '../files/data-directory.js'
import { errorOf } from '../files/medium-error.js'
import { StoreOpenError, storeExitCodes } from '../files/store-open-error.js'
import { createUnpacker } from '../sql/packed-jobs.js'
import { createDirectReads } from './direct-reads.js'
import type {
  Answer,
  Carries,
  FromThread,
  OpenedReport,
  Operations,
  Request,
  StoreFailure,
  ThreadSettings,
  ToThread,
} from './protocol.js'
import type { DirectOperation } from './read-connection.js'

export interface SqliteStoreDeps {
  /** The directory is made when it is not there. */
  readonly directory: string
  /** The id of this node. The jobs whose place is the node of this database are this node's, whatever it was called before. */
  readonly node: string
  readonly clock: Clock
  readonly wakeup: Wakeup
  readonly logger: Logger
  /** This leads to the compiled store-thread.js when that is not beside this module. */
  readonly threadUrl?: URL
  /** Reads of one job or batch are answered by its thread for so long. Default: 2 s. */
  readonly readDirectlyAfterMs?: number
  /**
   * This is called once when the store cannot go on, before any call learns of it. Every call is refused from then on.
   */
  onFatal?(failure: StoreFailure): void
}

interface Pending {
  readonly operation: StoreOperation
  resolve(value: unknown): void
  reject(error: Error): void
}

/** What the thread makes is sent away in the same turn, so more room for it would be memory spent on garbage. */
const threadMemory = { maxYoungGenerationSizeMb: 4 }

/** Resolves when the thread has opened its database. Rejects with StoreOpenError when the thread refuses to open it. */
const opened = (worker: Worker): Promise<OpenedReport> =>
  new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the thread of the database ended before it was open'))
    worker.once('error', reject)
    worker.once('exit', ended)
    worker.once('message', (message: FromThread) => {
      worker.off('error', reject)
      worker.off('exit', ended)
      if (message.kind === 'opened') resolve(message.report)
      else if (message.kind === 'refused') reject(new StoreOpenError(message.exitCode, message.message))
    })
  })

const logOpened = (logger: Logger, { warnings, ...report }: OpenedReport): void => {
  for (const warning of warnings) logger.warn({}, warning)
  logger.info(report, report.checkedAfterCrash ? 'opened the database after an unclean stop' : 'opened the database')
}

/**
 * Opens the store on SQLite, in a thread of its own. Calls are numbered, sent in the order in which they were made, and
 * settle when their transaction is on disk. Throws StoreOpenError when the database cannot be opened.
 */
export const openSqliteStore = async (deps: SqliteStoreDeps): Promise<Store> => {
  const { directory, node, clock, wakeup, logger } = deps
  const threadUrl = deps.threadUrl ?? new URL('./store-thread.js', import.meta.url)
  const workerData: ThreadSettings = { directory, node, at: clock.now() }
  const worker = new Worker(threadUrl, { workerData, name: 'store', resourceLimits: threadMemory })
  logOpened(logger, await opened(worker))

  const unpack = createUnpacker()
  const pending = new Map<number, Pending>()
  const post = (message: ToThread): void => worker.postMessage(message)
  let outbox: Request[] = []
  let lastId = 0
  let refusal: AppError | null = null
  let closing: Promise<void> | null = null

  const flush = (): void => {
    if (outbox.length > 0) post(outbox)
    outbox = []
  }

  const settle = (answer: Answer): StoreOperation | undefined => {
    const call = pending.get(answer.id)
    pending.delete(answer.id)
    if (answer.ok) call?.resolve(answer.value)
    else call?.reject(errorOf(answer.error))
    return answer.ok ? call?.operation : undefined
  }

  worker.on('message', (message: FromThread) => {
    if (message.kind === 'failed') failure = message
    if (message.kind !== 'answers') return
    const topics = new Set<WakeupTopic>(message.topics)
    for (const answer of message.answers) {
      const operation = settle(answer)
      if (operation !== undefined) for (const topic of storeOperations[operation].wakes) topics.add(topic)
    }
    logger.debug({ operations: message.answers.length }, 'committed a group')
    for (const topic of topics) wakeup.notify(topic)
  })

  let failure: StoreFailure = { exitCode: storeExitCodes.io, message: 'The thread of the database ended by itself.' }
  const die = (): void => {
    if (closing !== null && pending.size === 0) return
    refusal ??= new AppError('storage_unavailable', 'The database can no longer be used.')
    logger.error({ exitCode: failure.exitCode, reason: failure.message }, 'the database can no longer be used')
    // The process may end here, because no run may act on a rejection that it could still see.
    deps.onFatal?.(failure)
    for (const { reject } of pending.values()) reject(refusal)
    pending.clear()
  }
  worker.on('error', ({ message }) => {
    failure = { exitCode: storeExitCodes.io, message: `The thread of the database died: ${message}` }
  })
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      die()
      resolve()
    })
  })

  const ask = <K extends StoreOperation>(operation: K, at: number, args: readonly unknown[]): Promise<Carries<K>> =>
    new Promise((resolve, reject) => {
      if (refusal !== null) return reject(refusal)
      const id = ++lastId
      pending.set(id, { operation, resolve: resolve as (value: unknown) => void, reject })
      // Calls of one turn travel together, because to wake a thread costs more than to copy a call.
      if (outbox.push({ id, operation, at, wallOffset: at - clock.monotonic(), args }) === 1) setImmediate(flush)
    })

  const methods = Object.fromEntries(
    (Object.keys(storeOperations) as StoreOperation[]).map((name) => [
      name,
      (...args: unknown[]) => ask(name, clock.now(), args),
    ]),
  ) as { readonly [Name in StoreOperation]: (...args: Parameters<Store[Name]>) => Promise<Carries<Name>> }

  const direct = createDirectReads({
    open: async () => {
      const { openReadConnection } = await import('./read-connection.js')
      return () => openReadConnection(storePaths(directory).database)
    },
    afterMs: deps.readDirectlyAfterMs ?? 2_000,
    clock,
    logger,
  })
  worker.once('exit', direct.close)
  const readDirectly = async <T>(read: (operations: Operations<DirectOperation>) => T, otherwise: () => Promise<T>) => {
    if (refusal !== null) throw refusal
    const found = direct.attempt(read)
    return found === null ? otherwise() : found.value
  }

  return {
    ...methods,
    async submit(...args) {
      const at = clock.now()
      const answer = await ask('submit', at, args)
      // The thread has made the same job of the same request and instant, so that it need not send it back.
      return answer.kind === 'created' ? { kind: 'created', job: createJob(args[0], at).job } : answer
    },
    get: (id) =>
      readDirectly(
        ({ get }) => get(clock.now(), id),
        () => methods.get(id),
      ),
    parts: (id, page) =>
      readDirectly(
        ({ parts }) => parts(clock.now(), id, page),
        () => methods.parts(id, page),
      ),
    getBatch: (id) =>
      readDirectly(
        ({ getBatch }) => getBatch(clock.now(), id),
        () => methods.getBatch(id),
      ),
    list: async (...args) => {
      const { items, nextCursor } = await methods.list(...args)
      return { items: items.map(unpack), nextCursor }
    },
    close: () => {
      if (closing === null) {
        refusal ??= new AppError('storage_unavailable', 'The store is closed.')
        direct.close()
        flush()
        post('close')
        closing = exited
      }
      return closing
    },
  }
}
