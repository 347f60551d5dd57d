import type { Place } from './bench-daemon.js'
import type { Sink } from './sink-process.js'
import type { BigFile, SmallFiles } from './sources.js'

/** What every case works with. Sources are made once, when the first case asks for them. */
export interface BenchContext {
  readonly sink: Sink
  readonly place: Place
  readonly rounds: number
  /** Of event streams, in P11. */
  readonly readers: number
  /** Of the sparse file whose upload is watched for growing memory, in bytes. */
  readonly longSize: number
  bigFile(): Promise<BigFile>
  smallFiles(): Promise<SmallFiles>
  say(text: string): void
}
