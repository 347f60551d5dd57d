import {
  type BigIntStats,
  close,
  closeSync,
  fstat,
  fstatSync,
  link,
  lstat,
  lstatSync,
  open,
  openSync,
  readlink,
  readlinkSync,
  realpath,
  realpathSync,
  rename,
  unlink,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type CallGate, type CallGateSettings, createCallGate } from './call-gate.js'
import { createLocate, type Location, locate } from './locate.js'
import { createMountTable, type Mounts } from './mount-table.js'

/**
 * These are the calls that a source makes to the file system, beside reading its bytes. All of them fail as the system
 * calls do.
 */
export interface FileCalls {
  /**
   * The times of its files may be of another machine's clock, and what it says of an open file may be seconds old,
   * because this machine keeps the attributes for a while.
   */
  readonly isRemote?: boolean
  realpath(path: string): Promise<string>
  open(path: string, flags: number): Promise<number>
  stat(fd: number): Promise<BigIntStats>
  lstat(path: string): Promise<BigIntStats>
  readlink(path: string): Promise<string>
  close(fd: number): Promise<void>
}

const openAsync = promisify(open) as (path: string, flags: number) => Promise<number>
const fstatAsync = promisify(fstat) as (fd: number, options: { bigint: true }) => Promise<BigIntStats>
const lstatAsync = promisify(lstat) as (path: string, options: { bigint: true }) => Promise<BigIntStats>

/** These calls run on libuv's threads, so this thread goes on however long the file system takes. */
export const patientCalls: FileCalls = {
  realpath: promisify(realpath.native) as (path: string) => Promise<string>,
  open: openAsync,
  stat: (fd) => fstatAsync(fd, { bigint: true }),
  lstat: (path) => lstatAsync(path, { bigint: true }),
  readlink: promisify(readlink) as (path: string) => Promise<string>,
  close: promisify(close),
}

/**
 * These calls run at once, on the calling thread. A local file system answers them from memory in a few microseconds,
 * which is a tenth of what it costs to hand them to another thread and to hear back from it. A small file needs a dozen
 * of them.
 */
export const promptCalls: FileCalls = {
  realpath: async (path) => realpathSync.native(path),
  open: async (path, flags) => openSync(path, flags),
  stat: async (fd) => fstatSync(fd, { bigint: true }),
  lstat: async (path) => lstatSync(path, { bigint: true }),
  readlink: async (path) => readlinkSync(path),
  close: async (fd) => closeSync(fd),
}

const closeLater = (gate: CallGate, calls: FileCalls, fd: number): void => {
  // Nothing was written, so a close that fails loses nothing.
  gate.leave(() => calls.close(fd)).catch(() => {})
}

/**
 * Returns calls to one mount, which run on libuv's threads and pass through the gate of that mount. A call that hangs
 * is given up, and a descriptor that comes too late is closed.
 */
const gatedCalls = (gate: CallGate, calls: FileCalls): FileCalls => ({
  realpath: (path) => gate.pass(() => calls.realpath(path)),
  open: (path, flags) =>
    gate.pass(
      () => calls.open(path, flags),
      (fd) => closeLater(gate, calls, fd),
    ),
  stat: (fd) => gate.pass(() => calls.stat(fd)),
  lstat: (path) => gate.pass(() => calls.lstat(path)),
  readlink: (path) => gate.pass(() => calls.readlink(path)),
  // Nothing was written, so there is no answer to wait for.
  close: async (fd) => closeLater(gate, calls, fd),
})

/**
 * These calls change the directory of a source. They always run on libuv's threads, because removing a large file takes
 * a while.
 */
export interface DirectoryCalls extends FileCalls {
  rename(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

const changingCalls: DirectoryCalls = {
  ...patientCalls,
  rename: promisify(rename),
  link: promisify(link),
  unlink: promisify(unlink),
}

/** Returns calls that are never given up and begun again, because a change that hangs may still take effect. */
const gatedChanges = (gate: CallGate): DirectoryCalls => ({
  ...gatedCalls(gate, patientCalls),
  rename: (from, to) => gate.leave(() => changingCalls.rename(from, to)),
  link: (from, to) => gate.leave(() => changingCalls.link(from, to)),
  unlink: (path) => gate.leave(() => changingCalls.unlink(path)),
})

/** libuv has this many threads unless the environment says otherwise. */
const defaultThreads = 4

/**
 * Returns a quarter of the threads and at most four, because calls that hang on one mount must leave the others alone.
 */
export const callsPerMount = (threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? defaultThreads)): number =>
  Math.max(1, Math.min(4, Math.floor(threads / 4) || 1))

/** A call to a mount may take so long. */
const idleMs = 10_000

export interface CallsByPathDeps {
  readonly mounts: () => Mounts
  readonly patient: FileCalls
  readonly gate: CallGateSettings
}

/** A call may take so long once the daemon is ending. */
const hurriedMs = 2_000

/** Returns the calls to use for a path. */
export interface CallsByPath {
  (path: string): Promise<FileCalls>
  /** Returns the calls for changes in the directory that the path names. */
  forChanges(path: string): DirectoryCalls
  /** Returns how long to wait for a call that hangs. */
  patienceMs(): number
  /** From now on calls that hang are given up sooner, because the daemon is ending. */
  hurry(): void
}

/**
 * Chooses calls by where a path leads at this moment. The calls are prompt where only local file systems lie on the
 * way, and pass through the gate of their mount elsewhere.
 */
export const createCallsByPath = (deps: Partial<CallsByPathDeps> = {}): CallsByPath => {
  const { mounts = createMountTable(), patient = patientCalls } = deps
  let settings = deps.gate ?? { most: callsPerMount(), idleMs }
  const gates = new Map<string, CallGate>()
  const locateSoon = createLocate()

  const gateOf = (mount: string): CallGate => {
    const gate = gates.get(mount) ?? createCallGate(settings)
    gates.set(mount, gate)
    return gate
  }
  /** A table without mounts says nothing, because this system is not Linux. */
  const callsTo = (mount: string): FileCalls => ({
    ...gatedCalls(gateOf(mount), patient),
    isRemote: mounts().size > 0,
  })

  /** Looks again where the path leads, because a directory on the way may have been replaced or mounted over. */
  const lstatNow = async (path: string): Promise<BigIntStats> => {
    const location = locate(dirname(path), mounts())
    if (location.is === 'elsewhere') return callsTo(location.mount).lstat(path)
    const there = join(location.realPath, basename(path))
    return mounts().get(there) === false ? callsTo(there).lstat(there) : promptCalls.lstat(there)
  }

  const callsFor = async (path: string): Promise<FileCalls> => {
    let location: Location
    try {
      location = locateSoon(path, mounts())
    } catch (error) {
      return { ...promptCalls, realpath: () => Promise.reject(error) }
    }
    if (location.is === 'elsewhere') return callsTo(location.mount)
    const { realPath } = location
    return { ...promptCalls, realpath: async () => realPath, lstat: lstatNow }
  }

  const forChanges = (path: string): DirectoryCalls => {
    try {
      const location = locate(path, mounts())
      return location.is === 'elsewhere' ? gatedChanges(gateOf(location.mount)) : changingCalls
    } catch {
      // The call that follows says what is wrong with the path.
      return changingCalls
    }
  }

  return Object.assign(callsFor, {
    forChanges,
    patienceMs: () => settings.idleMs,
    hurry() {
      settings = { ...settings, idleMs: Math.min(settings.idleMs, hurriedMs) }
      for (const gate of gates.values()) gate.hurry(hurriedMs)
    },
  })
}
