import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { asOpenError, StoreOpenError } from '../files/store-open-error.js'
import { createOperations } from '../operations/operations.js'
import { createGroupCommit } from './group-commit.js'
import { type OpenDatabase, openDatabase } from './open.js'
import type { FromThread, Request, ThreadSettings, ToThread } from './protocol.js'

/**
 * This is the thread of the store, so that neither an fsync nor a checkpoint ever holds up the API. It carries out the
 * requests that have queued up as one group, and answers when the group is durable. Requests that arrive meanwhile are
 * the next group.
 */

/** This bounds how long the first request of a group waits for the last. */
const largestGroup = 512

const port = parentPort
if (port === null) throw new Error('store-thread.js runs as a worker thread only')

const { directory } = workerData as ThreadSettings

const say = (message: FromThread): void => port.postMessage(message)

/** Tells why the store cannot be opened or cannot go on. Throws an error that is a bug. */
const sayWhy = (kind: 'refused' | 'failed', error: unknown): void => {
  const reason = asOpenError(error, directory)
  if (!(reason instanceof StoreOpenError)) throw reason
  say({ kind, exitCode: reason.exitCode, message: reason.message })
}

const serve = (open: OpenDatabase): void => {
  const { writer, assertInPlace } = open
  const commit = createGroupCommit({ writer, operations: createOperations(writer), assertInPlace })
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

  const work = (): void => {
    while (queue.length > 0) {
      say({ kind: 'answers', ...commit(queue.splice(0, largestGroup)) })
      drainPort()
    }
  }

  // Once its port is closed, the thread has nothing left to wait for and ends.
  port.on('message', (message: ToThread) => {
    accept(message)
    drainPort()
    try {
      work()
    } catch (error) {
      open.abandon()
      sayWhy('failed', error)
      port.close()
      return
    }
    if (!closing) return
    open.close()
    port.close()
  })
}

const begin = (): void => {
  const open = openDatabase(workerData as ThreadSettings)
  try {
    serve(open)
  } catch (error) {
    open.close()
    throw error
  }
  // This is said last of all, because a caller who hears it relies on being served.
  say({ kind: 'opened', report: open.report })
}

try {
  begin()
} catch (error) {
  sayWhy('refused', error)
}
