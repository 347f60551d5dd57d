import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import { cpuSecondsOfFamily, ticksPerSecond } from '../daemon/process-cost.js'

/** This says on what machine figures were measured, without its name. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly node: string
}

export const thisMachine = (): Machine => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 1024 ** 3),
  node: process.version,
})

/** Returns the first line of what a program says of itself. */
export const versionOf = (program: string, args: readonly string[]): string => {
  try {
    return (execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0] ?? '').trim()
  } catch {
    return `${program} is not here`
  }
}

/** Returns the seconds of all cores that were busy, and that were taken by other guests of the host. */
const coreSeconds = (): { readonly busy: number; readonly stolen: number } => {
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, stolen = 0] = first.split(/\s+/).slice(1).map(Number)
  return { busy: (user + nice + system + irq + softIrq) / ticksPerSecond, stolen: stolen / ticksPerSecond }
}

export interface LoadWatch {
  /** Says in a sentence how busy other programs kept the machine since the watch began. */
  said(): string
}

/**
 * Watches what other programs use of the cores. The load average cannot tell, because the bench is in it. `pids` are
 * our processes that still run; those that have ended count with the one that waited for them.
 */
export const watchLoad = (pids: () => readonly number[]): LoadWatch => {
  const ours = (): number => [process.pid, ...pids()].reduce((sum, pid) => sum + cpuSecondsOfFamily(pid), 0)
  const load = loadavg()[0] ?? 0
  const before = { ...coreSeconds(), ours: ours(), at: performance.now() }
  return {
    said() {
      const seconds = (performance.now() - before.at) / 1000
      const { busy, stolen } = coreSeconds()
      const others = Math.max(0, busy - before.busy - (ours() - before.ours)) / seconds
      const taken = (stolen - before.stolen) / seconds
      return `load ${load.toFixed(1)} before; meanwhile others used ${others.toFixed(2)} of ${cpus().length} cores, other guests ${taken.toFixed(2)}`
    },
  }
}
