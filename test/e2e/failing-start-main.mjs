// This is a start of the daemon that fails, in a process that no code ends: it ends when nothing is left that keeps it
// alive. FAIL_AT names the call to the store that fails. Without FAIL_AT something of the environment has to fail. It
// tells the reason, and what is still held then. Tests run it with without-unref.mjs preloaded.
import { createPinoLogger } from '../../dist/adapters/log/pino-logger.js'
import { loadConfig } from '../../dist/config/config.js'
import { startDaemon } from '../../dist/daemon/daemon.js'

const logger = await createPinoLogger('warn', false)
const failing = process.env.FAIL_AT
const breakStore = (store) =>
  failing === undefined ? store : { ...store, [failing]: () => Promise.reject(new Error(`${failing} fails`)) }

const reason = await startDaemon(loadConfig(process.env), logger, () => {}, {
  store: breakStore,
  targets: (targets) => targets,
}).then(
  () => 'the start did not fail',
  (error) => error.message,
)
for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
while (process.getActiveResourcesInfo().includes('FSReqCallback')) await new Promise(setImmediate)
process.stdout.write(`${JSON.stringify({ reason, held: process.getActiveResourcesInfo() })}\n`)
