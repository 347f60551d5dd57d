import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

export const isInstalled = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** Peers see only this environment, without the proxies, certificates and keys of the user who runs the bench. */
export const peerEnv = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '' }

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Returns the seconds of `1m2.345s`, as the shell's `times` prints it. */
const secondsOf = (text: string): number => {
  const [, minutes = '0', seconds = '0'] = /^(\d+)m([\d.]+)s$/.exec(text) ?? []
  return Number(minutes) * 60 + Number(seconds)
}

/**
 * Runs commands side by side and waits for all of them. A shell stands in between because only a shell can tell what
 * its children cost: Node says nothing about the processor time of a child. Throws unless all exit with 0.
 */
export const runTogether = async (
  commands: readonly (readonly string[])[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly seconds: number; readonly cpuSeconds: number }> => {
  const starts = commands.map((words, index) => `${words.map(quote).join(' ')} >/dev/null & p${index}=$!`)
  const waits = commands.map((_, index) => `wait $p${index} || exit 1`)
  const began = performance.now()
  const child = spawn('sh', ['-c', [...starts, ...waits, 'times'].join('\n')], {
    env: { ...peerEnv, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  const [code] = await once(child, 'close')
  const seconds = (performance.now() - began) / 1000
  if (code !== 0) throw new Error(`${commands[0]?.[0]} failed`)
  const [, ofChildren = ''] = printed.trim().split('\n')
  return { seconds, cpuSeconds: ofChildren.split(' ').reduce((sum, text) => sum + secondsOf(text), 0) }
}
