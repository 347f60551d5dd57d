import type { BenchSetup } from './daemon/bench-daemon.js'
import type { BigFile, SmallFiles } from './daemon/sources.js'
import type { Sizes } from './forms.js'
import type { Sink } from './sink/sink-process.js'

/** Every case works with this context. Sources are made once, when the first case asks for them. */
export interface BenchContext extends Sizes {
  readonly sink: Sink
  readonly setup: BenchSetup
  /** The quick form leaves out what takes minutes, and says so. */
  readonly quick: boolean
  /** This is false when Longshore alone is measured. */
  readonly withPeers: boolean
  bigFile(): Promise<BigFile>
  smallFiles(): Promise<SmallFiles>
  say(text: string): void
}
