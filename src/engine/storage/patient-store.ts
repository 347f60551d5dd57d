import { isStorageFailure, type StorageGate } from './storage-gate.js'
import { wrapMethods } from './wrap-methods.js'

/**
 * Makes a call to the store that waits for the medium. When the medium fails the call, it is made again once the gate
 * opens, so that what OSS has accepted is committed and not sent again. When the signal aborts or the daemon stops, the
 * call is made a last time, because the medium may have recovered unseen (a cancel was just committed) and an upload id
 * must not be lost. After that the medium's AppError is thrown. Every operation of the port can be repeated: it is
 * atomic, and one that was done after all is fenced or changes nothing.
 */
export const callPatiently = async <T>(
  gate: Pick<StorageGate, 'opens'>,
  call: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  for (let last = false; ; ) {
    try {
      return await call()
    } catch (error) {
      if (last || !isStorageFailure(error)) throw error
      last = !(await gate.opens(signal))
    }
  }
}

/**
 * Returns a store whose every call is made patiently. It costs a closure for each method of the port, so it is for long
 * tasks. A run has its record.
 */
export const createPatientStore = <Port extends object>(
  store: Port,
  gate: Pick<StorageGate, 'opens'>,
  signal: AbortSignal,
): Port => wrapMethods(store, (_method, call) => callPatiently(gate, call, signal))
