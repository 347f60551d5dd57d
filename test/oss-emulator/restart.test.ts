import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { Emulator } from '../../src/oss-emulator/emulator.js'
import { call, complete, initiate, makeDirectory, putPart, startTestEmulator } from './support.js'

const big = Buffer.alloc(1_500_000, 'b')

const setup = async () => {
  const directory = await makeDirectory()
  let emulator = await startTestEmulator({ directory })
  const restart = async (): Promise<Emulator> => {
    await emulator.close()
    emulator = await startTestEmulator({ directory })
    return emulator
  }
  return { directory, emulator, restart }
}

const get = async (emulator: Emulator, key: string) => (await call(emulator, { method: 'GET', key })).body

it('objects, big and small, are there again', async () => {
  const { emulator, restart } = await setup()
  await call(emulator, { method: 'PUT', key: 'small', body: 'text', headers: { 'x-oss-meta-a': '1' } })
  await call(emulator, { method: 'PUT', key: 'gone', body: 'text' })
  await call(emulator, { method: 'DELETE', key: 'gone' })
  await call(emulator, { method: 'PUT', key: 'big', body: big })
  await call(emulator, { method: 'PUT', bucket: 'more-bucket' })
  const before = await call(emulator, { method: 'HEAD', key: 'big' })
  await restart()
  const again = await restart()
  expect((await get(again, 'small')).toString()).toBe('text')
  expect((await get(again, 'big')).equals(big)).toBe(true)
  expect((await call(again, { method: 'HEAD', key: 'gone' })).status).toBe(404)
  expect((await call(again, { method: 'HEAD', bucket: 'more-bucket' })).status).toBe(200)
  const after = await call(again, { method: 'HEAD', key: 'big' })
  for (const name of ['etag', 'last-modified', 'x-oss-hash-crc64ecma']) {
    expect(after.headers[name]).toBe(before.headers[name])
  }
})

it('an upload goes on where it was', async () => {
  const { emulator, restart } = await setup()
  const uploadId = await initiate(emulator, 'key')
  const first = await putPart(emulator, 'key', uploadId, 1, big)
  await putPart(emulator, 'key', uploadId, 2, 'old')
  const again = await restart()
  expect(again.control.uploads()[0]?.parts.map(({ size }) => size)).toEqual([big.length, 3])
  const second = await putPart(again, 'key', uploadId, 2, 'new')
  const parts = [first, second].map(({ headers }, index) => ({ partNumber: index + 1, etag: String(headers['etag']) }))
  expect((await complete(again, 'key', uploadId, parts)).status).toBe(200)
  const third = await restart()
  expect((await get(third, 'key')).equals(Buffer.concat([big, Buffer.from('new')]))).toBe(true)
  expect(third.control.uploads()).toEqual([])
})

it('a half-written last line and files nobody knows, as a kill leaves them, are dropped', async () => {
  const { directory, emulator, restart } = await setup()
  await call(emulator, { method: 'PUT', key: 'key', body: 'text' })
  await emulator.close()
  await appendFile(join(directory, 'journal.jsonl'), '{"type":"object","bucket":"test-bu')
  await writeFile(join(directory, 'data', 'left-over'), 'bytes')
  const again = await restart()
  expect((await get(again, 'key')).toString()).toBe('text')
  expect(await readdir(join(directory, 'data'))).toHaveLength(1)
  expect(await readFile(join(directory, 'journal.jsonl'), 'utf8')).toMatch(/\n$/)
  await call(again, { method: 'PUT', key: 'later', body: 'more' })
  expect((await get(await restart(), 'later')).toString()).toBe('more')
})

it('a directory that another process has open is left alone', async () => {
  const { directory, emulator } = await setup()
  await emulator.close()
  // The parent is a process that is certainly alive.
  await writeFile(join(directory, 'emulator.pid'), String(process.ppid))
  await expect(startTestEmulator({ directory })).rejects.toThrow(`Process ${process.ppid} has this directory open`)
  await writeFile(join(directory, 'emulator.pid'), '999999999')
  await startTestEmulator({ directory })
})

it('the journal holds the present, not the past, after a start', async () => {
  const { directory, emulator, restart } = await setup()
  for (let round = 0; round < 20; round++) await call(emulator, { method: 'PUT', key: 'key', body: String(round) })
  const lines = async () => (await readFile(join(directory, 'journal.jsonl'), 'utf8')).trim().split('\n').length
  expect(await lines()).toBe(21)
  const again = await restart()
  expect(await lines()).toBe(2)
  expect((await get(again, 'key')).toString()).toBe('19')
})
