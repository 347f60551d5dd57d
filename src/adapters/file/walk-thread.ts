import { parentPort, workerData } from 'node:worker_threads'
import type { BatchProblem } from '../../core/batch.js'
import type { FoundFile } from '../../ports/directory-walker.js'
import { walkDirectory } from './walk-directory.js'
import type { WalkMessage, WalkSettings } from './walk-protocol.js'

/**
 * This module is the thread of one walk. A file system that is slow or hangs holds up no other work, and opening files
 * here costs a third of what it costs from the event loop. The thread walks on when it is sent `next`, until the chunk
 * is full or old.
 */

const itemsAtMost = 256
/** A chunk is old after this time, so that the first files go on their way while the next are looked for. */
const oldMs = 20

const port = parentPort
if (port === null) throw new Error('walk-thread.js runs as a worker thread only')

const { request, roots, node, steps } = workerData as WalkSettings
const counter = new Int32Array(steps)
const items = walkDirectory(request, roots, () => void Atomics.add(counter, 0, 1), node)

const nextChunk = (): WalkMessage => {
  const files: FoundFile[] = []
  const problems: BatchProblem[] = []
  const startedAt = performance.now()
  while (files.length + problems.length < itemsAtMost) {
    const { done, value } = items.next()
    if (done === true) return { kind: 'chunk', files, problems, done: true }
    if (value.kind === 'file') files.push(value.file)
    else problems.push(value.problem)
    if (performance.now() - startedAt > oldMs) break
  }
  return { kind: 'chunk', files, problems, done: false }
}

port.on('message', () => {
  try {
    port.postMessage(nextChunk())
  } catch (error) {
    port.postMessage({
      kind: 'failed',
      message: error instanceof Error ? error.message : String(error),
    } satisfies WalkMessage)
  }
})
