import { execFile } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchContext } from '../bench-context.js'
import { isInstalled } from '../peers/shell-run.js'
import { type CaseResult, type Goal, rowOf, type Sample } from '../report/measurement.js'

const run = promisify(execFile)
const house = fileURLToPath(new URL('../../../..', import.meta.url))
/** So many of the heaviest packages are named. */
const named = 6

/** Compilers run as they do where nothing was compiled before. */
const plainEnvironment = (): NodeJS.ProcessEnv => {
  const { CC: _cc, CXX: _cxx, ...env } = process.env
  return { ...env, CCACHE_DISABLE: '1' }
}

/** What is compiled has the same size with a cache. */
const cachedEnvironment = (): NodeJS.ProcessEnv =>
  isInstalled('ccache') ? { ...process.env, CC: 'ccache gcc', CXX: 'ccache g++' } : process.env

const npm = (cwd: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], { cwd, env, maxBuffer: 64 * 1024 * 1024 })

const plain = (value: number): Sample => ({ value, cpu: null, peakRssMib: null })

/** Returns the megabytes on the disk below directories, in whole blocks. */
const megabytesOf = async (directories: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const { stdout } = await run('du', ['-sk', ...directories])
  const lines = stdout.trim().split('\n')
  return new Map(
    lines.map((line): [string, number] => {
      const [kib = '', directory = ''] = line.split('\t')
      return [directory, (Number(kib) * 1024) / 1e6]
    }),
  )
}

/** Says what weighs most. Packages of one scope count together. */
const heaviest = async (modules: string): Promise<string> => {
  const sizes = [...(await megabytesOf((await readdir(modules)).map((name) => join(modules, name))))]
  const most = sizes.sort(([, a], [, b]) => b - a).slice(0, named)
  return most.map(([path, size]) => `${path.slice(modules.length + 1)} ${size.toFixed(1)}`).join(', ')
}

/** Makes the package and installs it into an empty directory. Returns the size of what is there then. */
const installPackage = async (place: string): Promise<{ readonly size: number; readonly weights: string }> => {
  const empty = join(place, 'empty')
  await mkdir(empty, { recursive: true })
  await npm(house, process.env, 'pack', '--pack-destination', place)
  const [tarball = ''] = (await readdir(place)).filter((name) => name.endsWith('.tgz'))
  await npm(empty, cachedEnvironment(), 'install', join(place, tarball))
  const [size = 0] = (await megabytesOf([empty])).values()
  return { size, weights: await heaviest(join(empty, 'node_modules')) }
}

/** Returns the seconds that `npm ci` takes in a fresh copy of what is committed. */
const secondsOfCi = async (place: string): Promise<number> => {
  const checkout = join(place, 'checkout')
  await mkdir(checkout)
  await run('bash', ['-c', 'git -C "$1" archive HEAD | tar -x -C "$2"', 'bash', house, checkout])
  const began = performance.now()
  await npm(checkout, plainEnvironment(), 'ci')
  return (performance.now() - began) / 1000
}

const goal = (what: string, measured: number, unit: string, atLeast: string, moonshot: string): Goal => ({
  id: 'P13',
  what,
  measured,
  unit,
  atLeast,
  moonshot,
})

/** Measures P13: the size of the installed package, and `npm ci` of a checkout without a cache of compiled code. */
export const measureInstall = async ({ setup, quick, say }: BenchContext): Promise<CaseResult> => {
  const place = join(setup.workDir, 'install')
  await mkdir(place)
  try {
    const { size, weights } = await installPackage(place)
    say(`  installed: ${size.toFixed(1)} MB`)
    const seconds = quick ? null : await secondsOfCi(place)
    return {
      id: 'P13',
      title: `P13: the package installed${quick ? '' : ', and a checkout made ready'}`,
      cpuUnit: '',
      rows: [
        rowOf('installed package', 'MB', [plain(size)]),
        ...(seconds === null ? [] : [rowOf('npm ci', 's', [plain(seconds)])]),
      ],
      goals: [
        goal('installed package', size, 'MB', '80', '40'),
        ...(seconds === null ? [] : [goal('npm ci', seconds, 's', '80', '20')]),
      ],
      notes: [
        'This was measured once. The size is what `du` says of an empty directory in which the package was installed.',
        `What weighs most, in MB: ${weights}.`,
        seconds === null
          ? '`npm ci` is not timed in the quick form, because it compiles SQLite, which takes more than a minute.'
          : '`npm ci` takes packages from the cache of npm where they are in it, and compiles without ccache.',
      ],
    }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
