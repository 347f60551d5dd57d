import { execFile } from 'node:child_process'
import { cp, mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const house = fileURLToPath(new URL('../../../..', import.meta.url))

/** These files of the package stay where they are; a link stands for each. */
const linked = ['docs', 'migrations', 'native', 'node_modules', 'package.json']

/** The program as a checkout builds it, a file for each module. Profiles name the modules. */
export const builtProgram = join(house, 'dist/launch.cjs')

/**
 * Makes the program as users have it: the bundle, with the code that V8 has compiled. It takes the build in `dist`,
 * which stays without a bundle. Returns the path of its launcher.
 */
export const packagedProgram = async (directory: string): Promise<string> => {
  const dist = join(directory, 'dist')
  await mkdir(directory)
  for (const name of linked) await symlink(join(house, name), join(directory, name))
  await cp(join(house, 'dist'), dist, { recursive: true })
  await run(process.execPath, [join(house, 'scripts/bundle/make.mjs'), dist])
  await run(process.execPath, [join(dist, 'bundle/warm.mjs')])
  return join(dist, 'launch.cjs')
}
