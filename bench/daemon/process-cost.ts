import { readFileSync } from 'node:fs'

/** Linux counts processor time in so many ticks a second, on every architecture that Node runs on. */
export const ticksPerSecond = 100

/** Returns the fields of /proc/PID/stat behind the name. Field 12 of them and the three that follow are ticks. */
const statOf = (pid: number): readonly string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before the last parenthesis may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

const secondsOf = (fields: readonly string[]): number =>
  fields.reduce((sum, field) => sum + Number(field), 0) / ticksPerSecond

/** Returns the processor seconds, user and system, that all threads of a process have used so far. */
export const cpuSecondsOf = (pid: number): number => secondsOf(statOf(pid).slice(11, 13))

/** Returns the same together with that of the children which it has waited for, and of theirs. */
export const cpuSecondsOfFamily = (pid: number): number => secondsOf(statOf(pid).slice(11, 15))

const statusBytes = (pid: number, field: string): number => {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

/** Returns the memory in bytes that a process has resident now. */
export const residentBytesOf = (pid: number): number => statusBytes(pid, 'VmRSS')

/** Returns the most memory in bytes that a process has had resident since it began. */
export const peakRssBytesOf = (pid: number): number => statusBytes(pid, 'VmHWM')
