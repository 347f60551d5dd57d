import type { BenchSetup } from './daemon/bench-daemon.js'
import type { BigFile, SmallFiles } from './daemon/sources.js'
import type { Sink } from './sink/sink-process.js'

/** Every case works with this context. Sources are made once, when the first case asks for them. */
export interface BenchContext {
  readonly sink: Sink
  readonly setup: BenchSetup
  readonly rounds: number
  /** This is the number of readers of event streams in P11. */
  readonly readers: number
  /** This is the size in bytes of the sparse file whose upload is watched for growing memory. */
  readonly longSize: number
  bigFile(): Promise<BigFile>
  smallFiles(): Promise<SmallFiles>
  say(text: string): void
}
