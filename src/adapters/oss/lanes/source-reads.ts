import { read } from 'node:fs'
import { Failure, sourceStalled } from '../../../core/failure.js'

/** Names the open file from which bytes are read. */
export interface ReadFrom {
  readonly fd: number
  /** This is the device of the file. Reads that hang are counted by device and file. */
  readonly device: string
  readonly inode: string
}

/**
 * Makes positioned reads of sources on libuv's threads. A read cannot be taken back. When a read has no answer after a
 * while, its caller gives it up, but it stays out, with its thread, its descriptor and its buffer, until the system
 * answers it.
 */
export interface SourceReads {
  /**
   * Reads exactly `length` bytes into the beginning of the buffer and returns that part of it. Throws Failure `changed`
   * when the file is shorter, `local` when reading fails, `stalled` when there is no answer, and the signal's reason
   * when there is still no answer a while after the abort. After the last two the read may be out.
   */
  fill(from: ReadFrom, buffer: Buffer, length: number, position: number, signal: AbortSignal): Promise<Buffer>
  /** Returns whether a read that was given up may still write into the buffer. If so, the buffer must be left to it. */
  mayWriteTo(buffer: Buffer): boolean
}

export interface SourceReadsDeps {
  /** So many reads may be in flight at the same time, including reads that were given up. */
  readonly most: number
  /** A read was given up, and may still be out. */
  onStuck?(fd: number): void
  /** A read that was given up has been answered. */
  onUnstuck?(fd: number): void
  readonly idleMs?: number
  readonly hurriedMs?: number
  readonly read?: typeof read
}

/**
 * A read that has had no answer for so long is given up, and so is a read that waits for room. The time is shorter than
 * the network's patience.
 */
const idleMs = 15_000
/** This shorter time counts after the caller was told to end, and on a device where another read hangs. */
const hurriedMs = 2_000
/**
 * Time is counted in looks, because a process or a machine that was stopped for a while must not take its reads for
 * hanging.
 */
const looksPerWait = 30

interface Device {
  inFlight: number
  stuck: number
}

interface Asked extends ReadFrom {
  readonly buffer: Buffer
  readonly signal: AbortSignal
  /** The read has so many looks left. */
  patience: number
  state: 'waiting' | 'out' | 'stuck'
  start(): void
  reject(error: unknown): void
}

const fileOf = ({ device, inode }: ReadFrom): string => `${device} ${inode}`

const readFailure = ({ code = 'UNKNOWN' }: NodeJS.ErrnoException): Failure =>
  new Failure('local', `The source cannot be read (${code}).`, { code: 'source_unreadable' })

/**
 * Creates the reads. A device may have as many reads in flight as it leaves free for other devices: half of all when it
 * is alone, half of the rest for the next one that hangs, and so on. So one device that hangs never takes them all.
 */
export const createSourceReads = (deps: SourceReadsDeps): SourceReads => {
  const { most, onStuck = () => {}, onUnstuck = () => {} } = deps
  const lookMs = (deps.idleMs ?? idleMs) / looksPerWait
  const hurried = Math.ceil((deps.hurriedMs ?? hurriedMs) / lookMs)
  const devices = new Map<string, Device>()
  /** These are the reads that were given up and are still out, by file. */
  const stuckFiles = new Map<string, number>()
  const stuckBuffers = new Set<Buffer>()
  const asked = new Set<Asked>()
  const waiting = new Set<Asked>()
  let inFlight = 0
  let stuck = 0
  let timer: NodeJS.Timeout | null = null

  const deviceOf = ({ device }: ReadFrom): Device => {
    const found = devices.get(device) ?? { inFlight: 0, stuck: 0 }
    devices.set(device, found)
    return found
  }

  const verdict = (from: ReadFrom): 'go' | 'wait' | 'stalled' => {
    // Another read of the same file would hang beside the first.
    if (stuckFiles.size > 0 && stuckFiles.has(fileOf(from))) return 'stalled'
    const device = deviceOf(from)
    if (device.inFlight < most - inFlight) return 'go'
    const hangs = device.inFlight > 0 ? device.stuck === device.inFlight : stuck === inFlight
    return hangs ? 'stalled' : 'wait'
  }

  const giveUp = (one: Asked): void => {
    asked.delete(one)
    waiting.delete(one)
    one.reject(one.signal.aborted ? one.signal.reason : sourceStalled())
  }

  const goOn = (): void => {
    for (const one of waiting) {
      const say = verdict(one)
      if (say === 'stalled') giveUp(one)
      if (say !== 'go') continue
      waiting.delete(one)
      one.start()
    }
  }

  const markStuck = (one: Asked): void => {
    one.state = 'stuck'
    stuck += 1
    deviceOf(one).stuck += 1
    stuckFiles.set(fileOf(one), (stuckFiles.get(fileOf(one)) ?? 0) + 1)
    stuckBuffers.add(one.buffer)
    onStuck(one.fd)
    giveUp(one)
  }

  const markUnstuck = (one: Asked): void => {
    stuck -= 1
    deviceOf(one).stuck -= 1
    const left = (stuckFiles.get(fileOf(one)) ?? 1) - 1
    if (left === 0) stuckFiles.delete(fileOf(one))
    else stuckFiles.set(fileOf(one), left)
    stuckBuffers.delete(one.buffer)
    onUnstuck(one.fd)
  }

  const look = (): void => {
    for (const one of asked) {
      const hurries = one.signal.aborted || deviceOf(one).stuck > 0
      one.patience = (hurries ? Math.min(one.patience, hurried) : one.patience) - 1
      if (one.patience >= 0) continue
      if (one.state === 'waiting') giveUp(one)
      else markStuck(one)
    }
    if (waiting.size > 0) goOn()
    if (asked.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }

  const enter = (one: Asked): void => {
    asked.add(one)
    timer ??= setInterval(look, lookMs).unref()
    const say = verdict(one)
    if (say === 'stalled') giveUp(one)
    else if (say === 'go') one.start()
    else waiting.add(one)
  }

  const leave = (one: Asked): void => {
    inFlight -= 1
    deviceOf(one).inFlight -= 1
    if (one.state === 'stuck') markUnstuck(one)
    asked.delete(one)
    if (waiting.size > 0) goOn()
  }

  const readSome = (
    from: ReadFrom,
    buffer: Buffer,
    piece: { readonly at: number; readonly length: number; readonly position: number },
    signal: AbortSignal,
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const { fd, device, inode } = from
      const one: Asked = {
        fd,
        device,
        inode,
        buffer,
        signal,
        patience: looksPerWait,
        state: 'waiting',
        reject,
        start() {
          one.state = 'out'
          one.patience = looksPerWait
          inFlight += 1
          deviceOf(one).inFlight += 1
          ;(deps.read ?? read)(fd, buffer, piece.at, piece.length, piece.position, (error, bytesRead) => {
            leave(one)
            // This has no effect on a read that was given up.
            if (error === null) resolve(bytesRead)
            else reject(readFailure(error))
          })
        },
      }
      enter(one)
    })

  return {
    async fill(from, buffer, length, position, signal) {
      for (let filled = 0; filled < length; ) {
        const piece = { at: filled, length: length - filled, position: position + filled }
        const bytesRead = await readSome(from, buffer, piece, signal)
        if (bytesRead === 0) {
          throw new Failure('changed', 'The source became shorter than it was.', { code: 'source_changed' })
        }
        filled += bytesRead
      }
      return buffer.subarray(0, length)
    },
    mayWriteTo: (buffer) => stuckBuffers.has(buffer),
  }
}
