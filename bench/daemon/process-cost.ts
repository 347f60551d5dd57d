import { readFileSync } from 'node:fs'

/** Linux counts processor time in so many ticks a second, on every architecture that Node runs on. */
const ticksPerSecond = 100

/** Returns the processor seconds, user and system, that all threads of a process have used so far. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name before the last parenthesis may hold anything. Behind it, user time is field 12 and system time is field
  // 13.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

const statusBytes = (pid: number, field: string): number => {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) * 1024
}

/** Returns the memory in bytes that a process has resident now. */
export const residentBytesOf = (pid: number): number => statusBytes(pid, 'VmRSS')

/** Returns the most memory in bytes that a process has had resident since it began. */
export const peakRssBytesOf = (pid: number): number => statusBytes(pid, 'VmHWM')
