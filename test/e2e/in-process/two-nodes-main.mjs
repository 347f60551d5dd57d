// This process runs two daemons that work on one store, as two nodes on one database do. The second gets the store of
// the first, and nothing else: hints, settings and progress in memory are its own. The heartbeats of its leases tell it
// nothing of what users want, so that only its beats can. The settings of the second stand in SECOND as JSON.
import { createPinoLogger } from '../../../dist/adapters/log/pino-logger.js'
import { loadConfig } from '../../../dist/config/config.js'
import { startDaemon } from '../../../dist/daemon/daemon.js'

const logger = await createPinoLogger('info', false)
const fatal = ({ message }) => {
  throw new Error(message)
}
const { SECOND, ...first } = process.env
let shared
const daemon = await startDaemon(loadConfig(first), logger, fatal, {
  store: (store) => {
    shared = store
    return store
  },
  targets: (targets) => targets,
})
const other = await startDaemon(loadConfig({ ...first, ...JSON.parse(SECOND) }), logger, fatal, {
  store: () => ({
    ...shared,
    heartbeat: async (...args) => (await shared.heartbeat(...args)).map((answer) => ({ ...answer, desired: 'run' })),
  }),
  targets: (targets) => targets,
})
process.once('SIGTERM', async () => {
  await other.stop()
  await daemon.stop()
})
logger.info({ address: daemon.addresses[0] }, 'listening')
