import { setTimeout as sleep } from 'node:timers/promises'
import type { Fault } from './fault.js'
import { OssError } from './oss-error.js'

/** This scripted fault ends the exchange without an answer. */
export class Cut extends Error {
  override readonly name = 'Cut'
  readonly how: 'reset' | 'close' | 'stall'
  constructor(how: Cut['how']) {
    super(`The connection is to ${how}.`)
    this.how = how
  }
}

/** This scripted answer takes the place of the real one. */
export class Scripted extends Error {
  override readonly name = 'Scripted'
  readonly fault: Fault & { readonly kind: 'status' }
  constructor(fault: Scripted['fault']) {
    super(`The answer is to be ${fault.status}.`)
    this.fault = fault
  }
}

/** Does what a fault does before anything is read or checked. It rejects when `gone` aborts a delay. */
export const faultBeforeBody = async (
  fault: Fault | null,
  forgetUpload: () => void,
  gone: AbortSignal,
): Promise<void> => {
  switch (fault?.kind) {
    case 'delay':
      if (fault.at !== 'before-answer') await sleep(fault.ms, undefined, { signal: gone })
      return
    case 'reset':
      if (fault.at === 'before-body') throw new Cut('reset')
      return
    case 'stall':
      if (fault.at === 'before-body') throw new Cut('stall')
      return
    case 'status':
      if (fault.when !== 'after-body') throw new Scripted(fault)
      return
    case 'expired-token':
      throw new OssError('SecurityTokenExpired')
    case 'forget-upload':
      forgetUpload()
  }
}

/** Does what a fault does when the whole body is there and nothing has been stored. */
export const faultAfterBody = (fault: Fault | null): void => {
  if (fault?.kind === 'reset') throw new Cut('reset')
  if (fault?.kind === 'status') throw new Scripted(fault)
}

/**
 * Does what a fault does when the call has taken effect and the answer is ready. It rejects when `gone` aborts a delay.
 */
export const faultBeforeAnswer = async (fault: Fault | null, gone: AbortSignal): Promise<void> => {
  if (fault?.kind === 'delay' && fault.at === 'before-answer') await sleep(fault.ms, undefined, { signal: gone })
  if (fault?.kind === 'lost-answer') throw new Cut('close')
  if (fault?.kind === 'stall' && fault.at === 'before-answer') throw new Cut('stall')
}
