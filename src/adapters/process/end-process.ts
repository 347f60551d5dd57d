import { createRequire } from 'node:module'

/**
 * `native/crc64/install.mjs` compiles the addon. The path is the same from `src` and from `dist`, because both lie at
 * the same depth.
 */
const addonPath = '../../../native/crc64/crc64.node'

/**
 * Ends the process at once, even when one of its threads hangs in the kernel. `process.exit` waits for libuv's threads,
 * and so for a mount that does not answer. Nothing is written any more. Without the addon only a signal can end such a
 * process, and the exit code is lost.
 */
export const endProcess = (exitCode: number): void => {
  try {
    createRequire(import.meta.url)(addonPath).exitNow(exitCode)
  } catch {
    process.kill(process.pid, 'SIGKILL')
  }
}

/** Requests of this thread to libuv's threads have these names in Node. */
const requestNames = /^(FSReq|GetAddrInfo|GetNameInfo)/

/** Returns whether libuv's threads are at work for this thread. `process.exit` would wait for that work. */
export const threadsAreBusy = (): boolean => process.getActiveResourcesInfo().some((name) => requestNames.test(name))
