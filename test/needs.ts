import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

/** This is the Debian package of each command that some test needs. `.ci/run` installs them. */
const packages: ReadonlyMap<string, string> = new Map(
  readFileSync(new URL('../.ci/packages', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string]),
)

const isHere = (command: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Returns why these commands cannot be used here and what helps, in one sentence, or null when all are here. */
export const lackOf = (commands: readonly string[]): string | null => {
  const unknown = commands.filter((command) => !packages.has(command))
  if (unknown.length > 0) throw new Error(`.ci/packages does not say which package brings ${unknown.join(', ')}`)
  const missing = commands.filter((command) => !isHere(command))
  if (missing.length === 0) return null
  const wanted = [...new Set(missing.map((command) => packages.get(command)))]
  return `${missing.join(', ')} missing here: apt-get install ${wanted.join(' ')}`
}

/** Leaves the test out where a command is missing. The reporter says so at the end, and CI fails. */
export const needs = (context: TestContext, ...commands: readonly string[]): void => {
  const lack = lackOf(commands)
  if (lack !== null) context.skip(lack)
}
