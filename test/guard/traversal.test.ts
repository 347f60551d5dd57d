import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DaemonProcess } from '../e2e/daemon-process.js'
import { bucket, createWorld, type World } from '../e2e/world.js'

/** In so many rounds a link is swapped while a job is submitted and sent. */
const swaps = Number(process.env['SWAPS'] ?? 60)
const canary = 'canary-of-the-outside '.repeat(50)
const harmless = 'h'.repeat(canary.length)
const prefix = 'allowed/in'

let world: World
let daemon: DaemonProcess
let outside: string
beforeAll(async () => {
  world = await createWorld()
  outside = join(world.sources, '..', 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'secret'), canary)
  await writeFile(join(world.sources, 'good'), harmless)
  await mkdir(join(world.sources, 'dir'))
  await symlink(join(outside, 'secret'), join(world.sources, 'link'))
  await symlink(outside, join(world.sources, 'dirlink'))
  await symlink('/proc/self/environ', join(world.sources, 'proclink'))
  daemon = await world.start({ LONGSHORE_ALLOWED_TARGETS: `${bucket}/${prefix}` })
})
afterAll(() => world.end())

const submit = (path: string, key: string) =>
  daemon.request<{ id: string; code?: string }>('POST', '/v1/jobs', { source: { path }, target: { bucket, key } })

const paths = (): readonly string[] => {
  const { sources } = world
  return [
    `${sources}/../outside/secret`,
    `${sources}/dir/../../outside/secret`,
    `${sources}/./../outside/secret`,
    `${sources}//..//outside//secret`,
    `${sources}/link`,
    `${sources}/dirlink/secret`,
    `${sources}/dir/../dirlink/secret`,
    `${sources}/proclink`,
    `${sources}/good/../../outside/secret`,
    `${sources}/%2e%2e/outside/secret`,
    `${sources}/..%2foutside/secret`,
    `${sources}/\\..\\outside\\secret`,
    `${sources}\0/../outside/secret`,
    `${sources}/good\0`,
    `${sources}-other/secret`,
    `${sources}`,
    `${sources}/`,
    `${sources}/dir`,
    `${outside}/secret`,
    `${world.dataDir}/longshore.db`,
    `${sources}/../data/longshore.db`,
    '/proc/self/environ',
    '/proc/self/fd/0',
    '/proc/self/cwd/package.json',
    '/dev/zero',
    '/etc/passwd',
    `/proc/self/root${outside}/secret`,
    '../outside/secret',
    'good',
    '~/secret',
    'file:///etc/passwd',
    '',
    '/',
    '.',
    '..',
  ]
}

const keys = [
  'other/x',
  'allowed',
  'allowed/in',
  'allowed/inx/a',
  'allowed/in/',
  'allowed/in/../x',
  'allowed/in/../../x',
  'allowed/in/./x',
  'allowed/in//x',
  'allowed/in/..',
  '/allowed/in/x',
  '\\allowed\\in\\x',
  'Allowed/in/x',
  'allowed/in\0/x',
  'allowed/in/\n',
  'allowed/in/\u007f',
  'allowed/in/\ud800',
  'allowed%2fin/x',
  'allowed/%69n/x',
  '../bucket/allowed/in/x',
  ' allowed/in/x',
  'allowed/in/'.padEnd(1100, 'x'),
  '',
]

/** Returns bytes of the outside that OSS holds, and keys beside the prefix under which something was stored. */
const leaks = async () => {
  const directory = join(world.sources, '..', 'oss')
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))
  const stored = world.control.ledger().entries.filter((entry) => entry.stored && entry.key !== null)
  return {
    bytes: texts.filter((text) => text.includes('canary-of-the-outside')).length,
    objects: stored.filter(({ key }) => !key?.startsWith(`${prefix}/`)).map(({ key }) => key),
  }
}

describe('Paths and keys that lead elsewhere', () => {
  it('are refused, every one', async () => {
    const good = join(world.sources, 'good')
    const through: string[] = []
    for (const [index, path] of paths().entries()) {
      const { status } = await submit(path, `${prefix}/path-${index}`)
      if (![400, 422].includes(status)) through.push(`${status} for the path ${JSON.stringify(path)}`)
    }
    for (const key of keys) {
      const { status } = await submit(good, key)
      if (![400, 403].includes(status)) through.push(`${status} for the key ${JSON.stringify(key)}`)
    }
    expect(through).toEqual([])
    // The corpus proves something only if the honest neighbour of each is accepted.
    const { status, body } = await submit(good, `${prefix}/good`)
    expect(status).toBe(201)
    expect((await daemon.settled(body.id)).state).toBe('completed')
    expect(await leaks()).toEqual({ bytes: 0, objects: [] })
    process.stdout.write(`R9: ${paths().length} paths and ${keys.length} keys, 0 let through\n`)
  })

  it('lead nowhere either when links are swapped meanwhile', { timeout: 1_200_000 }, async () => {
    const place = join(world.sources, 'swapped')
    const [honest, evil] = [join(world.sources, 'honest'), join(world.sources, 'evil')]
    await mkdir(honest)
    await writeFile(join(honest, 'secret'), harmless)
    await symlink(outside, evil)
    let over = false
    let swapped = 0
    const swapping = (async () => {
      while (!over) {
        for (const aim of [honest, evil]) {
          await symlink(aim, `${place}.new`)
          await rename(`${place}.new`, place)
          swapped += 1
        }
      }
    })()
    const outcomes = new Map<string, number>()
    try {
      for (let round = 0; round < swaps; round++) {
        const { status, body } = await submit(join(place, 'secret'), `${prefix}/swap-${round}`)
        const end = status === 201 ? (await daemon.settled(body.id)).state : String(status)
        outcomes.set(end, (outcomes.get(end) ?? 0) + 1)
      }
    } finally {
      over = true
      await swapping
      await rm(place)
    }
    const { bytes, objects } = await leaks()
    const ends = [...outcomes].map(([end, count]) => `${count} x ${end}`).join(', ')
    process.stdout.write(
      `R9: ${swaps} jobs among ${swapped} swaps (${ends}): ${bytes} files leaked, ${objects.length} objects astray\n`,
    )
    expect({ bytes, objects }).toEqual({ bytes: 0, objects: [] })
    expect([...outcomes.keys()].filter((end) => !['completed', 'failed', '422'].includes(end))).toEqual([])
    expect(outcomes.size).toBeGreaterThan(1)
  })
})
