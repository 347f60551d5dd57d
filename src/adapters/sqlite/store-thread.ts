import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { createGroupCommit } from './group-commit.js'
import { type OpenDatabase, openDatabase } from './open.js'
import { createOperations } from './operations.js'
import type { FromThread, Request, ThreadSettings, ToThread } from './protocol.js'
import { StoreOpenError } from './store-open-error.js'

/**
 * The thread of the store: neither an fsync nor a checkpoint ever holds up the API. It carries out whatever has queued up
 * as one group and answers when the group is durable. Requests that arrive meanwhile are the next group.
 */

/** Bounds how long the first request of a group waits for the last. */
const largestGroup = 512

const port = parentPort
if (port === null) throw new Error('store-thread.js runs as a worker thread only')

const say = (message: FromThread): void => port.postMessage(message)

const serve = (open: OpenDatabase): void => {
  const { ledger, assertInPlace } = open
  const commit = createGroupCommit({ ledger, operations: createOperations(ledger), assertInPlace })
  const queue: Request[] = []
  let closing = false

  const accept = (message: ToThread): void => {
    if (message === 'close') closing = true
    else for (const request of message) queue.push(request)
  }

  const drainPort = (): void => {
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
      accept(next.message)
    }
  }

  port.on('message', (message: ToThread) => {
    accept(message)
    drainPort()
    while (queue.length > 0) {
      say({ kind: 'answers', ...commit(queue.splice(0, largestGroup)) })
      drainPort()
    }
    if (!closing) return
    open.close()
    // With its port closed the thread has nothing left to wait for and ends.
    port.close()
  })
}

try {
  const open = openDatabase(workerData as ThreadSettings)
  say({ kind: 'opened', report: open.report })
  serve(open)
} catch (error) {
  if (!(error instanceof StoreOpenError)) throw error
  say({ kind: 'refused', exitCode: error.exitCode, message: error.message })
}
