// This is the daemon as `longshore serve` starts it, but no code ends its process: after SIGTERM and `stop` it ends
// when nothing is left that keeps it alive. It then tells what it still holds. Tests run it with without-unref.mjs
// preloaded.
import { createPinoLogger } from '../../dist/adapters/log/pino-logger.js'
import { loadConfig } from '../../dist/config/config.js'
import { startDaemon } from '../../dist/daemon/daemon.js'

const logger = await createPinoLogger('info', false)
const daemon = await startDaemon(loadConfig(process.env), logger, ({ message }) => {
  throw new Error(message)
})
process.once('SIGTERM', async () => {
  await daemon.stop()
  // What was destroyed is closed by the next turn of the event loop.
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  // Another thread still writes the last lines of the log. A call that never ended would keep this process for ever.
  while (process.getActiveResourcesInfo().includes('FSReqCallback')) await new Promise(setImmediate)
  logger.info({ held: process.getActiveResourcesInfo() }, 'nothing left to do')
})
logger.info({ address: daemon.addresses[0] }, 'listening')
