import { once } from 'node:events'
import { constants } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { Failure, sourceStalled } from '../../core/failure.js'
import type { DirectoryWalker, WalkedChunk, WalkRequest } from '../../ports/directory-walker.js'
import { createCallsByPath, type FileCalls } from './file-calls.js'
import { createFirstLooks, type FirstLooks } from './fingerprint.js'
import { openFlags } from './guarded-open.js'
import { isReadable, type Roots } from './roots.js'
import { errnoOf, outsideText, reasonOf } from './unavailable.js'
import type { WalkMessage, WalkSettings } from './walk-protocol.js'

const notADirectory = (reason: string | null): Failure => {
  const message = `The directory cannot be read: ${reason ?? outsideText}`
  return new Failure('permanent', message, { code: 'source_missing', reason })
}

export interface ThreadedWalker extends DirectoryWalker {
  /** Returns whether a thread was told to end and has not ended, because its file system does not answer. */
  isHeldUp(): boolean
}

/** A walk that has looked at no further entry for so long counts as hanging. */
const walkIdleMs = 30_000
/** Time is counted in looks, because a process that was stopped for a while must not take its walks for hanging. */
const looksPerWait = 10

/** What the thread makes is sent away at once, so more room for it would be memory spent on garbage. */
const threadMemory = { maxYoungGenerationSizeMb: 4 }

/** Watches whether a thread goes on counting while we wait for it. */
const watchSteps = (steps: SharedArrayBuffer, idleMs: number) => {
  const counter = new Int32Array(steps)
  const stalled = new AbortController()
  let seen = Atomics.load(counter, 0)
  let idleLooks = 0
  const look = (): void => {
    const now = Atomics.load(counter, 0)
    idleLooks = now === seen ? idleLooks + 1 : 0
    seen = now
    if (idleLooks >= looksPerWait) stalled.abort()
  }
  const timer = setInterval(look, idleMs / looksPerWait).unref()
  return { stalled: stalled.signal, end: () => clearInterval(timer) }
}

/**
 * Walks directories, each in a thread of its own. `threadUrl` names the compiled walk-thread.js when it is not beside
 * this module. `beginThread` is called before a thread starts, and what it returns once the thread runs or has ended. The fingerprints are
 * taken by `node`, and count as first looks at their files.
 */
export const createDirectoryWalker = (
  roots: Roots,
  threadUrl: URL = new URL('./walk-thread.js', import.meta.url),
  callsFor: (path: string) => Promise<FileCalls> = createCallsByPath(),
  idleMs = walkIdleMs,
  beginThread: () => () => void = () => () => {},
  node: string | null = null,
  firstLooks: FirstLooks = createFirstLooks(),
): ThreadedWalker => {
  /** These threads were told to end. */
  const ending = new Set<Worker>()
  /** The walks of these directories hang. */
  const hanging = new Set<string>()

  async function* walk(request: WalkRequest, signal: AbortSignal): AsyncGenerator<WalkedChunk> {
    signal.throwIfAborted()
    // Another thread would hang beside the first.
    if (hanging.has(request.dir)) throw sourceStalled()
    const { isRemote = false } = await callsFor(request.dir)
    const steps = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)
    const workerData: WalkSettings = { request, roots, node, steps }
    const begun = beginThread()
    const worker = new Worker(threadUrl, { workerData, name: 'walk', resourceLimits: threadMemory })
    worker.once('message', begun).once('exit', begun)
    const ask = async (): Promise<WalkMessage> => {
      worker.postMessage('next')
      const watch = watchSteps(steps, idleMs)
      try {
        // This rejects when the thread dies of an error.
        const [message] = await once(worker, 'message', { signal: AbortSignal.any([signal, watch.stalled]) })
        return message as WalkMessage
      } catch (error) {
        if (!watch.stalled.aborted) throw error
        hanging.add(request.dir)
        throw sourceStalled()
      } finally {
        watch.end()
      }
    }
    try {
      let next = ask()
      for (;;) {
        const message = await next
        if (message.kind === 'failed') throw new Failure('local', `Walking failed: ${message.message}`)
        const { files, problems, done } = message
        if (!done) {
          // The thread works on one chunk ahead, and no more, while this chunk is stored.
          next = ask()
          next.catch(() => {})
        }
        if (isRemote) for (const { fingerprint } of files) firstLooks(fingerprint)
        if (files.length + problems.length > 0) yield { files, problems }
        if (done) return
      }
    } finally {
      // We do not wait for the end of the thread, because a file system that hangs would hold this up too.
      ending.add(worker)
      void worker.terminate().then(() => {
        ending.delete(worker)
        hanging.delete(request.dir)
      })
    }
  }

  return {
    async check(dir, within) {
      let errno: string | null = null
      try {
        const calls = await callsFor(dir)
        const real = await calls.realpath(dir)
        if (isReadable(roots, real, within)) {
          return await calls.close(await calls.open(real, openFlags | constants.O_DIRECTORY))
        }
      } catch (error) {
        if (error instanceof Failure) throw error
        errno = errnoOf(error)
      }
      throw notADirectory(await reasonOf({ path: dir, wanted: 'directory', errno, roots, within }, callsFor))
    },
    walk,
    isHeldUp: () => ending.size > 0,
  }
}
