import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { createSpoiltWays } from '../../../src/adapters/oss/api/spoilt-ways.js'
import { startEmulator } from '../../../src/oss-emulator/emulator.js'
import type { OperationName } from '../../../src/oss-emulator/operation-name.js'
import { createSourceFile } from './source-file.js'
import { failureOf, keys, noOptions, targetFor, unaborted } from './target-setup.js'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const bucket = 'bucket-a'
const size = 300_000

const setup = async (signature: 'v1' | 'v4') => {
  const directory = await mkdtemp(join(tmpdir(), 'longshore-spoilt-'))
  const credentials = { accessKeyId: keys.accessKeyId, accessKeySecret: keys.accessKeySecret }
  const emulator = await startEmulator({ directory, buckets: [bucket], credentials })
  const source = await createSourceFile(size)
  const { target } = targetFor(new URL(emulator.url), { signature })
  cleanups.push(async () => {
    await target.close()
    await emulator.close()
    await source.remove()
    await rm(directory, { recursive: true })
  })
  const sending = { signal: unaborted(), onProgress: () => {}, confirm: async () => {} }
  const range = source.range(0, size)
  return {
    spoil: (operation: OperationName, times = 1) =>
      emulator.control.addFaults([{ operation, times, fault: { kind: 'corrupt' } }]),
    put: (key: string) => target.putObject({ bucket, key }, range, noOptions, sending),
    part: (key: string, uploadId: string) => target.uploadPart({ bucket, key, uploadId }, 1, range, noOptions, sending),
    begin: async (key: string) => (await target.initiate({ bucket, key }, noOptions, unaborted())).uploadId,
    crc64Of: async (key: string) => (await target.head({ bucket, key }, unaborted()))?.serverCrc64,
    statuses: (operation: OperationName) =>
      emulator.control
        .ledger()
        .entries.filter((entry) => entry.operation === operation)
        .map(({ status }) => status),
  }
}

describe.each(['v1', 'v4'] as const)('bytes that are spoilt on their way, signed by %s', (signature) => {
  it('are refused from the second put on, to whichever object, so that a good one stays', async () => {
    const { spoil, put, crc64Of, statuses } = await setup(signature)
    const good = await put('kept')
    spoil('PutObject')
    expect(await failureOf(put('other'))).toMatchObject({ kind: 'integrity', status: null })
    spoil('PutObject', 2)
    for (const key of ['kept', 'other']) {
      expect(await failureOf(put(key))).toMatchObject({
        kind: 'integrity',
        code: 'integrity',
        ossCode: 'InvalidDigest',
      })
    }
    expect(await crc64Of('kept')).toBe(good.crc64)
    await put('other')
    expect(await crc64Of('other')).toBe(good.crc64)
    expect(statuses('PutObject')).toEqual([200, 200, 400, 400, 200])
  })

  it('are refused as parts of the upload of which a part was spoilt, and of no other', async () => {
    const { spoil, begin, part, put, statuses } = await setup(signature)
    const [spoilt, other] = [await begin('a'), await begin('b')]
    spoil('UploadPart')
    await failureOf(part('a', spoilt))
    spoil('UploadPart')
    expect(await failureOf(part('a', spoilt))).toMatchObject({ ossCode: 'InvalidDigest' })
    await part('a', spoilt)
    spoil('UploadPart')
    expect(await failureOf(part('b', other))).toMatchObject({ kind: 'integrity', ossCode: null })
    expect(statuses('UploadPart')).toEqual([200, 400, 200, 200])
    spoil('PutObject')
    expect(await failureOf(put('c'))).toMatchObject({ ossCode: 'InvalidDigest' })
  })
})

describe('what is known of spoilt ways', () => {
  it('is forgotten of puts after an hour, and of uploads when there are a thousand newer ones', () => {
    let now = 0
    const ways = createSpoiltWays({ monotonic: () => now })
    expect([ways.needsMd5(null), ways.needsMd5('u')]).toEqual([false, false])
    ways.noteMismatch('u')
    expect([ways.needsMd5(null), ways.needsMd5('u'), ways.needsMd5('v')]).toEqual([true, true, false])
    now = 3_600_000
    expect([ways.needsMd5(null), ways.needsMd5('u')]).toEqual([false, true])
    for (let n = 0; n < 1_000; n++) ways.noteMismatch(`v${n}`)
    expect([ways.needsMd5('u'), ways.needsMd5('v0'), ways.needsMd5('v999')]).toEqual([false, true, true])
  })
})
