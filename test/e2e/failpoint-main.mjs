// This is the daemon as `longshore serve` starts it, with failpoints around every commit and every remote call. Tests
// run it as a process of its own, with failpoint-commits.mjs preloaded.
import { createPinoLogger } from '../../dist/adapters/log/pino-logger.js'
import { loadConfig } from '../../dist/config/config.js'
import { startDaemon } from '../../dist/daemon/daemon.js'
import { passes } from './failpoint.mjs'

/** These calls commit nothing. */
const reads = [
  ...['findByIdempotencyKey', 'get', 'list', 'parts', 'lastEventId', 'eventsAfter', 'stats', 'check'],
  ...['buckets', 'traceUploads', 'abandonedUploads', 'webhooks'],
]

/**
 * Returns the port with two moments around each call: one before the call begins, and one after it was answered, before
 * the engine sees the answer.
 */
const watched = (name, port, exempt) => {
  const around =
    (method) =>
    async (...args) => {
      passes(`${name}.${method}:before`)
      try {
        return await port[method](...args)
      } finally {
        passes(`${name}.${method}:after`)
      }
    }
  const calls = Object.keys(port).filter((key) => typeof port[key] === 'function' && !exempt.includes(key))
  return { ...port, ...Object.fromEntries(calls.map((method) => [method, around(method)])) }
}

const logger = await createPinoLogger('info', false)
const stored = (error) => {
  logger.fatal({ reason: error.message }, 'The store failed')
  process.exit(74)
}
const daemon = await startDaemon(loadConfig(process.env), logger, stored, {
  store: (store) => watched('store', store, [...reads, 'close']),
  targets: (targets) => ({ ...targets, for: (target) => watched('target', targets.for(target), ['close']) }),
})
process.once('SIGTERM', () => void daemon.stop())
logger.info({ address: daemon.addresses[0] }, 'listening')
