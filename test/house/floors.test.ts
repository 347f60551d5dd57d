import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

interface Rule {
  readonly name: string
  readonly to: { readonly path?: string }
}

interface Report {
  readonly modules: readonly { readonly source: string }[]
  readonly summary: {
    readonly totalDependenciesCruised: number
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[]
  }
}

const house = fileURLToPath(new URL('../../', import.meta.url))
const cruiser = join(house, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
const rules: readonly Rule[] = createRequire(import.meta.url)('../../.dependency-cruiser.cjs').forbidden
const { dependencies, devDependencies } = JSON.parse(await readFile(join(house, 'package.json'), 'utf8'))

/** These are files by their path. */
type Plant = Readonly<Record<string, string>>

/**
 * These plants break one rule and no other, by the rule's name. `libraryPlants` plants libraries outside of their home.
 */
const plants: Readonly<Record<string, readonly Plant[]>> = {
  'no-unresolved': [{ 'src/planted-nowhere.ts': "import './nowhere.js'" }],
  'no-circular': [
    {
      'src/core/planted-egg.ts': "import './planted-hen.js'",
      'src/core/planted-hen.ts': "import './planted-egg.js'",
    },
  ],
  'core-is-ground': [
    { 'src/core/planted-builtin.ts': "import 'node:fs'" },
    { 'src/core/planted-lazily.ts': "export const load = () => import('node:crypto')" },
    { 'src/core/planted-port.ts': "export type { Clock } from '../ports/clock.js'" },
  ],
  'ports-on-core': [
    { 'src/ports/planted-engine.ts': "export type { Jobs } from '../engine/use-cases/jobs.js'" },
    { 'src/ports/planted-builtin.ts': "export type { Stats } from 'node:fs'" },
  ],
  'adapters-on-ports': [{ 'src/adapters/file/planted-engine.ts': "import '../../engine/capacity/slots.js'" }],
  'adapters-apart': [{ 'src/adapters/file/planted-neighbour.ts': "import '../log/pino-logger.js'" }],
  'engine-on-ports': [
    { 'src/engine/async/planted-builtin.ts': "import 'node:fs/promises'" },
    { 'src/engine/async/planted-adapter.ts': "import '../../adapters/file/roots.js'" },
    { 'src/engine/async/planted-http.ts': "export type { Problem } from '../../http/server/problem.js'" },
  ],
  'http-on-engine': [
    { 'src/http/planted-adapter.ts': "import '../adapters/file/roots.js'" },
    { 'src/http/routes/planted-cli.ts': "import '../../cli/program.js'" },
  ],
  'http-on-use-cases': [
    { 'src/http/routes/planted-slots.ts': "import '../../engine/capacity/slots.js'" },
    { 'src/http/planted-run.ts': "export type { Run } from '../engine/upload/run.js'" },
  ],
  'bulk-looks-down': [{ 'src/engine/bulk/planted-neighbour.ts': "import '../upkeep/janitor.js'" }],
  'dispatch-looks-down': [{ 'src/engine/dispatch/planted-neighbour.ts': "import '../bulk/walk-agent.js'" }],
  'upkeep-looks-down': [{ 'src/engine/upkeep/planted-neighbour.ts': "import '../dispatch/dispatcher.js'" }],
  'use-cases-looks-down': [{ 'src/engine/use-cases/planted-agent.ts': "import '../dispatch/dispatcher.js'" }],
  'upload-looks-down': [{ 'src/engine/upload/planted-use-case.ts': "import '../use-cases/jobs.js'" }],
  'feed-looks-down': [{ 'src/engine/feed/planted-upload.ts': "export type { Run } from '../upload/run.js'" }],
  'outbox-looks-down': [{ 'src/engine/outbox/planted-neighbour.ts': "import '../feed/ring.js'" }],
  'capacity-looks-down': [{ 'src/engine/capacity/planted-feed.ts': "import '../feed/ring.js'" }],
  'metering-looks-down': [{ 'src/engine/metering/planted-neighbour.ts': "import '../capacity/slots.js'" }],
  'storage-looks-down': [{ 'src/engine/storage/planted-neighbour.ts': "import '../metering/traffic.js'" }],
  'nodes-looks-down': [{ 'src/engine/nodes/planted-slots.ts': "import '../capacity/slots.js'" }],
  'async-looks-down': [{ 'src/engine/async/planted-storage.ts': "import '../storage/storage-gate.js'" }],
  'every-room-has-a-tier': [{ 'src/engine/attic/planted.ts': "import '../../core/job.js'" }],
  'settings-come-first': [{ 'src/config/planted-daemon.ts': "import '../daemon/daemon.js'" }],
  'beside-the-house': [
    { 'src/cli/planted-engine.ts': "import '../engine/capacity/slots.js'" },
    { 'src/cli/planted-emulator.ts': "import '../oss-emulator/command.js'" },
    { 'src/dashboard/views/planted-answer.ts': "import '../../http/shapes/jobs/answer.js'" },
    { 'src/oss-emulator/planted-adapter.ts': "import '../adapters/file/roots.js'" },
  ],
  'dashboard-in-a-browser': [{ 'src/dashboard/planted-builtin.ts': "import 'node:fs'" }],
  'dashboard-bundles-little': [{ 'src/dashboard/planted-tool.ts': "import 'typescript'" }],
  'nobody-imports-the-roof': [{ 'src/planted-roof.ts': "import './config/config.js'" }],
  'every-folder-has-a-floor': [{ 'src/attic/planted.ts': "import '../core/job.js'" }],
  'every-library-has-a-home': [
    { 'src/planted-stray.ts': "import 'light-my-request'" },
    { 'src/planted-tool.ts': "import 'typescript'" },
  ],
}

/** Plants a library at the roof, where only serve.ts and main.ts have any. */
const libraryPlants = (rule: Rule): readonly Plant[] =>
  Object.keys({ ...dependencies, ...devDependencies })
    .filter((library) => new RegExp(rule.to.path ?? '^$').test(`node_modules/${library}/`))
    .map((library) => ({ [`src/planted-${library.replace('/', '-')}.ts`]: `import '${library}'` }))

const plantsOf = (rule: Rule): readonly Plant[] =>
  plants[rule.name] ?? (rule.name.endsWith('-at-home') ? libraryPlants(rule) : [])

const cruise = (tree: string, outputType: string): Promise<{ readonly exitCode: number; readonly stdout: string }> =>
  new Promise((resolve, reject) => {
    const args = [cruiser, '--config', '.dependency-cruiser.cjs', '--output-type', outputType, 'src']
    const child = execFile(process.execPath, args, { cwd: tree, maxBuffer: 256 * 1024 * 1024 }, (error, stdout) => {
      if (child.exitCode === null) reject(error)
      else resolve({ exitCode: child.exitCode, stdout })
    })
  })

const report = async (tree: string): Promise<Report> => JSON.parse((await cruise(tree, 'json')).stdout)

describe('the floors', () => {
  let tree: string
  let clean: Report
  let planted: Report

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), 'longshore-floors-'))
    for (const name of ['src', '.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']) {
      await cp(join(house, name), join(tree, name), { recursive: true })
    }
    await symlink(join(house, 'node_modules'), join(tree, 'node_modules'))
    clean = await report(tree)
    for (const [path, text] of rules.flatMap(plantsOf).flatMap(Object.entries<string>)) {
      await mkdir(dirname(join(tree, path)), { recursive: true })
      await writeFile(join(tree, path), `${text}\n`, { flag: 'wx' })
    }
    planted = await report(tree)
  })
  afterAll(() => rm(tree, { recursive: true, force: true }))

  it('hold in this tree, and the tool has really looked at it', () => {
    expect(clean.summary.violations).toEqual([])
    expect(clean.modules.filter(({ source }) => source.startsWith('src/')).length).toBeGreaterThan(50)
    expect(clean.summary.totalDependenciesCruised).toBeGreaterThan(200)
  })

  it('make the tool fail when one is broken', async () => {
    expect((await cruise(tree, 'err')).exitCode).not.toBe(0)
  })

  it('have names of their own', () => {
    expect(rules.map(({ name }) => name)).toEqual([...new Set(rules.map(({ name }) => name))])
  })

  it('are all tested: no violation is planted for a rule that does not exist', () => {
    expect(rules.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(plants)))
  })

  it.each(rules.map((rule) => [rule.name, rule] as const))('catch what breaks %s, as exactly that', (name, rule) => {
    const planting = plantsOf(rule)
    expect(planting, `a violation of ${name} has to be planted here`).not.toEqual([])
    for (const files of planting) {
      const caught = planted.summary.violations.filter(({ from }) => from in files)
      expect([...new Set(caught.map((violation) => violation.rule.name))], Object.keys(files).join()).toEqual([name])
    }
  })
})
