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
import { locate, type Place } from './locate.js'
import { createMountTable, type Mounts } from './mount-table.js'

/** What a source asks of the file system, beside its bytes. All of them fail as the system calls do. */
export interface FileCalls {
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

/** By libuv's threads: however long the file system takes, this thread goes on. */
export const patientCalls: FileCalls = {
  realpath: promisify(realpath.native) as (path: string) => Promise<string>,
  open: openAsync,
  stat: (fd) => fstatAsync(fd, { bigint: true }),
  lstat: (path) => lstatAsync(path, { bigint: true }),
  readlink: promisify(readlink) as (path: string) => Promise<string>,
  close: promisify(close),
}

/**
 * At once, on the calling thread. A local file system answers these from memory in a few microseconds, a tenth of what it
 * costs to hand them to another thread and hear of it; a small file needs a dozen.
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
  // Nothing was written: a close that fails loses nothing.
  gate.leave(() => calls.close(fd)).catch(() => {})
}

/** Calls to one mount, by libuv's threads and through its gate. What hangs is given up; a descriptor that comes late is closed. */
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

/** What is done to the directory of a source, by libuv's threads in any case: to remove a large file takes a while. */
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

/** A change that hangs may still take effect, so nobody gives it up and begins it again. */
const gatedChanges = (gate: CallGate): DirectoryCalls => ({
  ...gatedCalls(gate, patientCalls),
  rename: (from, to) => gate.leave(() => changingCalls.rename(from, to)),
  link: (from, to) => gate.leave(() => changingCalls.link(from, to)),
  unlink: (path) => gate.leave(() => changingCalls.unlink(path)),
})

/** libuv's, unless the environment says otherwise. */
const defaultThreads = 4

/** A quarter of the threads, four at most: what hangs on one mount must leave the others alone. */
export const callsPerMount = (threads = Number(process.env['UV_THREADPOOL_SIZE'] ?? defaultThreads)): number =>
  Math.max(1, Math.min(4, Math.floor(threads / 4) || 1))

/** How long a call to a mount may take. */
const idleMs = 10_000

export interface PlaceDeps {
  readonly mounts: () => Mounts
  readonly patient: FileCalls
  readonly gate: CallGateSettings
}

/** How long a call may take once the daemon ends. */
const hurriedMs = 2_000

/** The calls for a path. */
export interface CallsByPlace {
  (path: string): Promise<FileCalls>
  /** For changes of the directory that the path names. */
  forChanges(path: string): DirectoryCalls
  /** How long to wait for what hangs. */
  patienceMs(): number
  /** The daemon ends: what hangs is given up sooner from now on. */
  hurry(): void
}

/**
 * Chooses calls by where a path leads at this moment: prompt where only local file systems lie on the way, through the
 * gate of its mount elsewhere.
 */
export const createCallsByPlace = (deps: Partial<PlaceDeps> = {}): CallsByPlace => {
  const { mounts = createMountTable(), patient = patientCalls } = deps
  let settings = deps.gate ?? { most: callsPerMount(), idleMs }
  const gates = new Map<string, CallGate>()

  const gateOf = (mount: string): CallGate => {
    const gate = gates.get(mount) ?? createCallGate(settings)
    gates.set(mount, gate)
    return gate
  }
  const callsTo = (mount: string): FileCalls => gatedCalls(gateOf(mount), patient)

  /** Looks again where the path leads: a directory on the way may have been replaced, or mounted over. */
  const lstatNow = async (path: string): Promise<BigIntStats> => {
    const place = locate(dirname(path), mounts())
    if (place.is === 'elsewhere') return callsTo(place.mount).lstat(path)
    const there = join(place.realPath, basename(path))
    return mounts().get(there) === false ? callsTo(there).lstat(there) : promptCalls.lstat(there)
  }

  const callsFor = async (path: string): Promise<FileCalls> => {
    let place: Place
    try {
      place = locate(path, mounts())
    } catch (error) {
      return { ...promptCalls, realpath: () => Promise.reject(error) }
    }
    if (place.is === 'elsewhere') return callsTo(place.mount)
    const { realPath } = place
    return { ...promptCalls, realpath: async () => realPath, lstat: lstatNow }
  }

  const forChanges = (path: string): DirectoryCalls => {
    try {
      const place = locate(path, mounts())
      return place.is === 'elsewhere' ? gatedChanges(gateOf(place.mount)) : changingCalls
    } catch {
      // The call that comes says what is wrong with the path.
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
