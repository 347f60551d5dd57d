import { aroundEvery } from './around-every.js'
import { isStorageFailure, type StorageGate } from './storage-gate.js'

/**
 * A store for one run: a call that the medium fails is made again once the gate opens, so that what OSS has taken is
 * committed and not sent again. Gives up with the medium's AppError when the signal aborts or the daemon stops. Every
 * operation of the port can be repeated: it is atomic, and one that was done after all is fenced or changes nothing.
 */
export const createPatientStore = <Port extends object>(
  store: Port,
  gate: Pick<StorageGate, 'opens'>,
  signal: AbortSignal,
): Port =>
  aroundEvery(store, async (_method, call) => {
    for (;;) {
      try {
        return await call()
      } catch (error) {
        if (!isStorageFailure(error) || !(await gate.opens(signal))) throw error
      }
    }
  })
