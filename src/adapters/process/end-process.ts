import { createRequire } from 'node:module'

/** Compiled by `native/crc64/install.mjs`. The same two floors down from `src` and from `dist`. */
const addonPath = '../../../native/crc64/crc64.node'

/**
 * Ends the process at once, although one of its threads hangs in the kernel: `process.exit` waits for libuv's threads, and so
 * for a mount that does not answer. Nothing is written any more. Without the addon nothing but a signal can do that, and the
 * exit code is lost.
 */
export const endProcess = (exitCode: number): void => {
  try {
    createRequire(import.meta.url)(addonPath).exitNow(exitCode)
  } catch {
    process.kill(process.pid, 'SIGKILL')
  }
}

/** Requests of this thread to libuv's threads, by the names that Node gives them. */
const requestNames = /^(FSReq|GetAddrInfo|GetNameInfo)/

/** Whether libuv's threads are at work for this thread. `process.exit` would wait for that. */
export const threadsAreBusy = (): boolean => process.getActiveResourcesInfo().some((name) => requestNames.test(name))
