import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { BatchView } from '../../src/core/batch-view.js'
import { bucket, createWorld, mib, sha256Of, until, type World } from '../e2e/world.js'

const house = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** OSS accepts no smaller part. */
const partSize = 100 * 1024

/** What `npm pack` makes its package from. */
const checkoutHas = [
  ...['src', 'migrations', 'native', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...['docs/reference/openapi.json', 'vite.config.ts', 'README.md', 'CHANGELOG.md', 'LICENSE'],
]

/** This holds the package that `npm pack` makes, as an install unpacks it. The build that other tests use stays without a bundle. */
let root: string
let copy: string
const inBundle = (name: string): string => join(copy, 'dist/bundle', name)
const launch = () => ({ program: [join(copy, 'dist/launch.cjs'), 'serve'] })
const caches = async (): Promise<string[]> =>
  (await readdir(inBundle(''))).filter((name) => name.endsWith('.cache')).sort()

/**
 * Gives the package the modules that an install of it brings, and no other, so that a library which the bundle lacks is missed.
 * The lock file says which are only for the development.
 */
const installOwnModules = async (): Promise<void> => {
  const { packages } = JSON.parse(await readFile(join(house, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>
  }
  const own = Object.entries(packages).filter(([, { dev, devOptional }]) => dev !== true && devOptional !== true)
  expect(own.map(([path]) => path)).toContain('node_modules/better-sqlite3')
  // Those that lie in another package come with it.
  for (const [path] of own.filter(([name]) => name.lastIndexOf('node_modules/') === 0)) {
    await mkdir(dirname(join(copy, path)), { recursive: true })
    await symlink(join(house, path), join(copy, path))
  }
}

let world: World
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'longshore-package-'))
  const checkout = join(root, 'checkout')
  for (const name of checkoutHas) await cp(join(house, name), join(checkout, name), { recursive: true })
  await symlink(join(house, 'node_modules'), join(checkout, 'node_modules'))
  await run('npm', ['pack', '--pack-destination', root], { cwd: checkout, maxBuffer: 16 * mib })
  // npm must not leave a bundle behind that a later build of this checkout would be hidden by.
  expect(existsSync(join(checkout, 'dist/bundle'))).toBe(false)
  const [packed = ''] = (await readdir(root)).filter((name) => name.endsWith('.tgz'))
  await run('tar', ['-xzf', join(root, packed), '-C', root])
  copy = join(root, 'package')
  await installOwnModules()
  // The install script would compile it.
  const addon = 'native/crc64/crc64.node'
  if (existsSync(join(house, addon))) await cp(join(house, addon), join(copy, addon))
  await run(process.execPath, [join(copy, 'native/warm.mjs')])
}, 300_000)
afterEach(() => world?.end())
afterAll(() => rm(root, { recursive: true, force: true }))

/**
 * Uploads one file in parts and a directory of files, from a daemon that runs from the bundle. Returns what became of
 * each cache.
 */
const uploadAll = async (): Promise<string[]> => {
  world = await createWorld()
  const large = await world.makeSource('large', mib)
  await mkdir(join(world.sources, 'in'))
  const small = await world.makeSource('in/small', 1000)
  const daemon = await world.start({ LONGSHORE_CODE_CACHE: 'report' }, launch())
  const target = { bucket, key: 'large' }
  const job = await daemon.submit({ source: { path: large }, target, partSize, multipartThreshold: partSize })
  const batch = { source: { dir: join(world.sources, 'in') }, target: { bucket, prefix: 'in/' } }
  const { body } = await daemon.request<BatchView>('POST', '/v1/batches', batch)
  expect(await daemon.settled(job.id)).toMatchObject({ state: 'completed', progress: { partsTotal: 11 } })
  await until(async () => {
    const { body: now } = await daemon.request<BatchView>('GET', `/v1/batches/${body.id}`)
    return now.state === 'completed'
  })
  expect(await world.objectSha256('large')).toBe(await sha256Of(large))
  expect(await world.objectSha256('in/small')).toBe(await sha256Of(small))
  for (const path of ['/', '/docs/', '/openapi.json', '/metrics']) {
    expect((await fetch(daemon.url + path)).status, path).toBe(200)
  }
  daemon.kill('SIGTERM')
  const { code, stderr } = await daemon.exited
  expect(code).toBe(0)
  return stderr.split('\n').filter((line) => line !== '')
}

describe('the bundle', () => {
  it('uploads in parts, walks and serves its pages with the code that V8 compiled before, in every thread', async () => {
    const fates = await uploadAll()
    for (const thread of ['main', 'lane', 'store-thread', 'walk-thread'])
      expect(fates).toContain(`${thread}.cjs: taken`)
    // These are loaded after the start, when V8 may have the flags of the daemon already: for the first look at the page of
    // the API, and for the first read of a job.
    const late = ['main-docs-pages.cjs', 'main-read-connection.cjs']
    const isLate = (fate: string): boolean => late.some((name) => fate.startsWith(`${name}: `))
    expect(fates.filter((fate) => !isLate(fate) && !fate.endsWith(': taken'))).toEqual([])
    expect(fates).toContain('main-docs-pages.cjs: absent')
  }, 60_000)

  it('starts a command with that code too', async () => {
    const load = "require(process.argv[1]).load('./main.cjs')"
    const env = { ...process.env, LONGSHORE_CODE_CACHE: 'report' }
    const { stderr } = await run(process.execPath, ['-e', load, inBundle('load.cjs'), '--help'], { env })
    expect(stderr).toContain('main.cjs: taken')
  }, 60_000)

  it('does the same with caches that are spoilt, and without any', async () => {
    const names = await caches()
    for (const name of names) await writeFile(inBundle(name), 'no code')
    expect(await uploadAll()).toContain('lane.cjs: refused')
    for (const name of names) await rm(inBundle(name))
    await world.end()
    expect(await uploadAll()).toContain('lane.cjs: absent')
  }, 120_000)

  it('names our source files in its stacks', async () => {
    const load = "try { require(process.argv[1]).load('./lane.cjs') } catch (error) { console.log(error.stack) }"
    const { stdout } = await run(process.execPath, ['-e', load, inBundle('load.cjs')])
    expect(stdout).toMatch(/^Error: lane\.js runs as a worker thread only\n {4}at .*\/src\/daemon\/lane\.ts:\d+:\d+\)/)
  })

  it('brings the licences of what is in it', async () => {
    const licences = await readFile(inBundle('LICENSES.txt'), 'utf8')
    for (const name of ['fastify', 'zod', 'pino', 'ali-oss', 'commander'])
      expect(licences).toMatch(new RegExp(`^${name} \\d`, 'm'))
    expect(licences).not.toMatch(/^\S+ \S+ \(undefined\)$/m)
  })

  it('is not in a build for development', () => {
    expect(existsSync(join(house, 'dist/bundle'))).toBe(false)
  })
})
