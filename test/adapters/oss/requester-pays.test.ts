import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startEmulator } from '../../../src/oss-emulator/emulator.js'
import type { ObjectRef, Payer, Target } from '../../../src/ports/target.js'
import { createSourceFile, type SourceFile } from './source-file.js'
import { failureOf, keys, lastingCredentials, noOptions, targetFor, unaborted } from './target-setup.js'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Makes a bucket that refuses every request without the header by which the requester agrees to pay. */
const setup = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-payer-'))
  const { accessKeyId, accessKeySecret } = keys
  const credentials = { accessKeyId, accessKeySecret }
  const emulator = await startEmulator({ directory, buckets: ['bucket-a'], credentials, region: 'cn-hangzhou' })
  const fault = { kind: 'status', status: 403, code: 'AccessDenied' } as const
  emulator.control.addFaults([{ without: 'x-oss-request-payer', times: null, fault }])
  const source = await createSourceFile(200_000)
  const { target } = targetFor(new URL(emulator.url), { credentials: lastingCredentials({ ...keys }) })
  cleanups.push(async () => {
    await target.close()
    await emulator.close()
    await source.remove()
    await rm(directory, { recursive: true })
  })
  return { target, source }
}

const sending = () => ({ signal: unaborted(), onProgress: () => {} })

/** Makes all requests that a job makes to OSS, in an order that leaves something for each call. */
const everyCall = async (target: Target, source: SourceFile, object: ObjectRef): Promise<void> => {
  const { uploadId } = await target.initiate(object, noOptions, unaborted())
  const upload = { ...object, uploadId }
  const { etag } = await target.uploadPart(upload, 1, source.range(), noOptions, sending())
  expect(await target.listParts(upload, unaborted())).toHaveLength(1)
  const request = { prefix: '', after: null, limit: 10, ...(object.payer === undefined ? {} : { payer: object.payer }) }
  expect((await target.listUploads(object.bucket, request, unaborted())).uploads).toHaveLength(1)
  await target.complete(upload, [{ partNumber: 1, etag }], noOptions, unaborted())
  expect(await target.head(object, unaborted())).toMatchObject({ size: source.bytes.length })
  const confirm = async (): Promise<void> => {}
  await target.putObject({ ...object, key: 'b' }, source.range(), noOptions, { ...sending(), confirm })
  const second = await target.initiate(object, noOptions, unaborted())
  await target.abort({ ...object, uploadId: second.uploadId }, unaborted())
}

const ref = (payer?: Payer): ObjectRef => ({ bucket: 'bucket-a', key: 'a', ...(payer === undefined ? {} : { payer }) })

describe('a bucket that makes its requesters pay', () => {
  it('takes every call of whoever says so', async () => {
    const { target, source } = await setup()
    await everyCall(target, source, ref('requester'))
  })

  it('refuses each call that does not say so', async () => {
    const { target, source } = await setup()
    const calls = [
      () => target.initiate(ref(), noOptions, unaborted()),
      () => target.head(ref(), unaborted()),
      () => target.listParts({ ...ref(), uploadId: 'u' }, unaborted()),
      () => target.abort({ ...ref(), uploadId: 'u' }, unaborted()),
      () => target.listUploads('bucket-a', { prefix: '', after: null, limit: 1 }, unaborted()),
      () => target.uploadPart({ ...ref(), uploadId: 'u' }, 1, source.range(), noOptions, sending()),
    ]
    for (const call of calls) expect((await failureOf(call())).ossCode).toBe('AccessDenied')
  })
})
