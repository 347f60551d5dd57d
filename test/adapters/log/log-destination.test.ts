import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createLogDestination } from '../../../src/adapters/log/log-destination.js'

const line = (index: number): string => `${JSON.stringify({ index, filler: 'x'.repeat(1000) })}\n`

/** Makes a pipe whose reader reads only when the test says so. */
const setup = () => {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'pipe')
  execFileSync('mkfifo', [path])
  // The descriptor is for both ends, because opening one end of a pipe alone would wait for the other.
  const fd = openSync(path, 'r+')
  return { fd, path }
}

it('drops what does not fit while nobody reads, and says how much behind what it kept', async () => {
  const { fd, path } = setup()
  const destination = createLogDestination(fd)
  const most = 2000
  for (let index = 0; index < most; index++) destination.write(line(index))
  await expect.poll(() => destination.isStuck(), { timeout: 10_000 }).toBe(true)
  for (let index = most; index < 2 * most; index++) destination.write(line(index))

  const reader = new Socket({ fd: openSync(path, 'r'), writable: false })
  onTestFinished(() => void reader.destroy())
  let text = ''
  reader.on('data', (chunk: Buffer) => {
    text += chunk
  })
  await expect.poll(() => text, { timeout: 20_000 }).toContain('Log lines were dropped')
  const lines = text
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as { index?: number; dropped?: number })
  const kept = lines.flatMap(({ index }) => index ?? [])
  expect(kept).toEqual([...kept].sort((a, b) => a - b))
  const dropped = lines.findIndex((one) => one.dropped !== undefined)
  expect(dropped).toBe(kept.length)
  expect(kept.length + (lines[dropped]?.dropped ?? 0)).toBe(2 * most)
  expect(destination.isStuck()).toBe(false)
  closeSync(fd)
})

it('takes a disk that is full for no reader that has stopped', async () => {
  const full = openSync('/dev/full', 'w')
  onTestFinished(() => closeSync(full))
  const destination = createLogDestination(full)
  destination.write('a line\n')
  const seen = new Set<boolean>()
  const until = performance.now() + 2_500
  // It is never stuck while it waits for more than one next try, so a daemon ends cleanly.
  await expect
    .poll(
      () => {
        seen.add(destination.isStuck())
        return performance.now() > until
      },
      { timeout: 10_000 },
    )
    .toBe(true)
  expect([...seen]).toEqual([false])
})
