import type { Target, Targets } from '../../ports/target.js'
import type { StorageGate } from './storage-gate.js'

/**
 * Puts the storage gate before OSS: a call that changes something there waits until its result could be committed.
 * Calls that only look are always allowed. A call that waited throws the signal's reason when that aborts, and the
 * gate's AppError when the daemon stops.
 */
const gateTarget = (target: Target, gate: StorageGate): Target => {
  const pass = async (signal: AbortSignal): Promise<void> => {
    if (await gate.opens(signal)) return
    signal.throwIfAborted()
    const failure = gate.failure()
    if (failure !== null) throw failure
  }
  return {
    ...target,
    async initiate(object, objectOptions, signal) {
      await pass(signal)
      return target.initiate(object, objectOptions, signal)
    },
    async uploadPart(upload, partNumber, range, objectOptions, options) {
      await pass(options.signal)
      return target.uploadPart(upload, partNumber, range, objectOptions, options)
    },
    async putObject(object, range, objectOptions, options) {
      await pass(options.signal)
      return target.putObject(object, range, objectOptions, options)
    },
    async putFiles(files, options) {
      const isOpen = gate.failure() === null || (await gate.opens(options.signal))
      return isOpen
        ? target.putFiles(files, options)
        : files.map(() => ({ is: 'unsent', why: 'the database accepts no writes', isSkipped: false }))
    },
    async complete(upload, parts, objectOptions, signal) {
      await pass(signal)
      return target.complete(upload, parts, objectOptions, signal)
    },
    async abort(upload, signal) {
      await pass(signal)
      return target.abort(upload, signal)
    },
  }
}

export const gateTargets = (targets: Targets, gate: StorageGate): Targets => ({
  for: (target) => gateTarget(targets.for(target), gate),
  close: () => targets.close(),
})
