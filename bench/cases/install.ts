import { execFile } from 'node:child_process'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchContext } from '../bench-context.js'
import { type CaseResult, rowOf, type Sample } from '../report/measurement.js'

const run = promisify(execFile)
const house = fileURLToPath(new URL('../../../..', import.meta.url))

/** Compilers run as they do where nothing was compiled before. */
const plainEnvironment = (): NodeJS.ProcessEnv => {
  const { CC: _cc, CXX: _cxx, ...env } = process.env
  return { ...env, CCACHE_DISABLE: '1' }
}

const npm = (cwd: string, ...args: string[]) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], {
    cwd,
    env: plainEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  })

const plain = (value: number): Sample => ({ value, cpu: null, peakRssMib: null })

/** Returns the megabytes on the disk below a directory, in whole blocks. */
const megabytesOf = async (directory: string): Promise<number> => {
  const { stdout } = await run('du', ['-sk', directory])
  return (Number.parseInt(stdout, 10) * 1024) / 1e6
}

/** Makes the package, installs it into an empty directory, and returns the size of what is there then. */
const installedMegabytes = async (place: string): Promise<number> => {
  const empty = join(place, 'empty')
  await mkdir(empty, { recursive: true })
  await npm(house, 'pack', '--pack-destination', place)
  const [tarball = ''] = (await readdir(place)).filter((name) => name.endsWith('.tgz'))
  await npm(empty, 'install', join(place, tarball))
  return megabytesOf(empty)
}

/** Returns the seconds that `npm ci` takes in a fresh copy of what is committed. */
const secondsOfCi = async (place: string): Promise<number> => {
  const checkout = join(place, 'checkout')
  await mkdir(checkout)
  await run('bash', ['-c', 'git -C "$1" archive HEAD | tar -x -C "$2"', 'bash', house, checkout])
  const began = performance.now()
  await npm(checkout, 'ci')
  return (performance.now() - began) / 1000
}

/** Measures P13: the size of the installed package, and `npm ci` of a checkout without a cache of compiled code. */
export const measureInstall = async ({ setup, say }: BenchContext): Promise<CaseResult> => {
  const place = join(setup.workDir, 'install')
  await mkdir(place)
  try {
    const size = rowOf('installed package', 'MB', [plain(await installedMegabytes(place))])
    say(`  installed: ${size.value.median.toFixed(1)} MB`)
    const seconds = rowOf('npm ci', 's', [plain(await secondsOfCi(place))])
    return {
      title: 'P13: the package installed, and a checkout made ready',
      cpuUnit: '',
      rows: [size, seconds],
      goals: [
        { id: 'P13', what: 'MB installed', measured: size.value.median, atLeast: '80', moonshot: '40' },
        { id: 'P13', what: 's for npm ci', measured: seconds.value.median, atLeast: '80', moonshot: '20' },
      ],
      notes: [
        'This was measured once. The size is what `du` says of an empty directory in which the package was installed. `npm ci` takes packages from the cache of npm where they are in it, and compiles without ccache.',
      ],
    }
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}
