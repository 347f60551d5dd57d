import { Failure, type FailureKind } from '../../core/failure.js'
import type { Clock } from '../../ports/clock.js'
import type { Meter, OssOperation } from '../../ports/meter.js'
import type { SendOptions, Target, Targets } from '../../ports/target.js'
import type { Traffic } from './traffic.js'

interface Deps {
  readonly meter: Pick<Meter, 'requested'>
  readonly traffic: Traffic
  readonly clock: Pick<Clock, 'monotonic'>
}

/** Returns OSS's code, or the kind of failure when OSS said nothing. */
const errorOf = (failure: Failure): string => failure.ossCode ?? failure.kind

const meterTarget = (target: Target, { meter, traffic, clock }: Deps): Target => {
  /** A call that we gave up ourselves, or that a hook of its caller ended, says nothing about OSS. */
  const timed = async <T>(operation: OssOperation, call: () => Promise<T>): Promise<T> => {
    const startedAt = clock.monotonic()
    const tell = (error: string | null): void =>
      meter.requested(operation, (clock.monotonic() - startedAt) / 1000, error)
    try {
      const answer = await call()
      tell(null)
      return answer
    } catch (error) {
      if (error instanceof Failure) tell(errorOf(error))
      throw error
    }
  }

  const sending = async <O extends SendOptions, T extends { readonly size: number }>(
    what: 'part' | 'object',
    options: O,
    send: (options: O) => Promise<T>,
  ): Promise<T> => {
    let seen = 0
    const onProgress = (bytesSent: number): void => {
      // The count begins anew when the request is sent again.
      traffic.moved(bytesSent < seen ? bytesSent : bytesSent - seen)
      seen = bytesSent
      options.onProgress(bytesSent)
    }
    const sent = await send({ ...options, onProgress })
    traffic.moved(Math.max(0, sent.size - seen))
    traffic.acknowledged(what, sent.size)
    return sent
  }

  return {
    initiate: (...args) => timed('InitiateMultipartUpload', () => target.initiate(...args)),
    uploadPart: (upload, partNumber, range, objectOptions, options) =>
      timed('UploadPart', () =>
        sending('part', options, (own) => target.uploadPart(upload, partNumber, range, objectOptions, own)),
      ),
    putObject: (object, range, objectOptions, options) =>
      timed('PutObject', () =>
        sending('object', options, (own) => target.putObject(object, range, objectOptions, own)),
      ),
    async putFiles(files, options) {
      const puts = await target.putFiles(files, options)
      puts.forEach((put, index) => {
        if (put.is === 'unsent') return
        if (put.is === 'unproven') {
          // The story of the job asks again and learns what OSS says.
          const kind: FailureKind = put.mayBeMade ? 'ambiguous' : 'transient'
          if (!options.signal.aborted) meter.requested('PutObject', put.ms / 1000, kind)
          return
        }
        meter.requested('PutObject', put.ms / 1000, null)
        traffic.moved(files[index]?.fingerprint.size ?? 0)
        traffic.acknowledged('object', put.size)
      })
      return puts
    },
    listParts: (...args) => timed('ListParts', () => target.listParts(...args)),
    listUploads: (...args) => timed('ListMultipartUploads', () => target.listUploads(...args)),
    complete: (...args) => timed('CompleteMultipartUpload', () => target.complete(...args)),
    abort: (...args) => timed('AbortMultipartUpload', () => target.abort(...args)),
    head: (...args) => timed('HeadObject', () => target.head(...args)),
    close: () => target.close(),
  }
}

/** Returns OSS, watched for how long each call takes, how it ends, and how many bytes go there. */
export const meterTargets = (targets: Targets, deps: Deps): Targets => ({
  for: (target) => meterTarget(targets.for(target), deps),
  close: () => targets.close(),
})
