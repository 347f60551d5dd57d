import { readFileSync, rmSync, writeFileSync } from 'node:fs'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

const readPid = (path: string): number | null => {
  try {
    const pid = Number(readFileSync(path, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/**
 * Keeps a second process out, because it would throw away what the first one writes. The returned function releases the
 * lock. A lock whose process is dead, or that names this process, was left by a kill: in a container every run has the
 * same pid.
 */
export const lockDirectory = (path: string): (() => void) => {
  const holder = readPid(path)
  if (holder !== null && holder !== process.pid && isAlive(holder)) {
    throw new Error(`Process ${holder} has this directory open; ${path} says so.`)
  }
  writeFileSync(path, String(process.pid))
  return () => rmSync(path, { force: true })
}
