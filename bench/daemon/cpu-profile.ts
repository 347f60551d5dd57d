import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  /** These are the microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

const shown = 10
const idle = new Set(['(idle)', '(program)'])

const locationOf = (url: string, line: number): string => {
  const short = url.replace(/^.*\/(?=(?:dist|node_modules)\/)/, '')
  return short === '' ? '' : ` ${short}:${line + 1}`
}

const selfTimes = ({ nodes, samples, timeDeltas }: Profile): ReadonlyMap<string, number> => {
  const names = new Map(
    nodes.map(({ id, callFrame }) => [
      id,
      `${callFrame.functionName || '(anonymous)'}${locationOf(callFrame.url, callFrame.lineNumber)}`,
    ]),
  )
  const times = new Map<string, number>()
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '?'
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0) / 1000)
  })
  return times
}

/**
 * Returns the functions in which the daemons' threads spent most of their own time, over all profiles in a directory,
 * which it empties. Thread 0 is the main one. Time that is idle or outside of JavaScript is not counted.
 */
export const profileReport = async (directory: string): Promise<string> => {
  const threads = new Map<string, Map<string, number>>()
  for (const name of await readdir(directory)) {
    // The name is CPU.<date>.<time>.<pid>.<thread>.<sequence>.cpuprofile.
    const thread = name.split('.')[4] ?? '?'
    const total = threads.get(thread) ?? new Map<string, number>()
    const profile = JSON.parse(await readFile(join(directory, name), 'utf8')) as Profile
    for (const [location, ms] of selfTimes(profile)) total.set(location, (total.get(location) ?? 0) + ms)
    threads.set(thread, total)
    await rm(join(directory, name))
  }
  const sections = [...threads].sort().map(([thread, times]) => {
    const busy = [...times].filter(([location]) => !idle.has(location)).sort(([, a], [, b]) => b - a)
    const all = busy.reduce((sum, [, ms]) => sum + ms, 0)
    const lines = busy
      .slice(0, shown)
      .map(
        ([location, ms]) =>
          `  ${((100 * ms) / all).toFixed(1).padStart(5)} %  ${ms.toFixed(0).padStart(6)} ms  ${location}`,
      )
    return [`thread ${thread}: ${all.toFixed(0)} ms busy in JavaScript`, ...lines].join('\n')
  })
  return sections.join('\n')
}
