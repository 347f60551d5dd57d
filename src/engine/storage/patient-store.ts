import { isStorageFailure, type StorageGate } from './storage-gate.js'
import { aroundEvery } from './wrap-methods.js'

/**
 * A store for one run: a call that the medium fails is made again once the gate opens, so that what OSS has taken is
 * committed and not sent again. When the signal aborts or the daemon stops it is made a last time, for the medium may have
 * recovered unseen (a cancel was just committed) and an upload id must not be lost; then the medium's AppError is thrown.
 * Every operation of the port can be repeated: it is atomic, and one that was done after all is fenced or changes nothing.
 */
export const createPatientStore = <Port extends object>(
  store: Port,
  gate: Pick<StorageGate, 'opens'>,
  signal: AbortSignal,
): Port =>
  aroundEvery(store, async (_method, call) => {
    for (let last = false; ; ) {
      try {
        return await call()
      } catch (error) {
        if (last || !isStorageFailure(error)) throw error
        last = !(await gate.opens(signal))
      }
    }
  })
