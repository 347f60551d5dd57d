import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { ClientEnvironment } from './client/connection.js'
import { safeJson } from './terminal/terminal-text.js'

/** An output stream; `process.stdout` and `process.stderr` are such. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Where answers to questions come from; `process.stdin` is such. */
export type InputStream = Readable & { readonly isTTY?: boolean }

/** What the edge of the process lends to the commands. */
export interface CliIo {
  readonly env: ClientEnvironment
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

/** Where commands write. Text must be escaped by the caller; JSON is made safe here. */
export interface Console {
  readonly stdout: OutputStream
  /** Of the terminal that stdout is; null when it is none. */
  readonly columns: number | null
  /** Aborted when the reader of stdout went away (`| head`): writing on makes no sense. */
  readonly closed: AbortSignal
  line(text: string): void
  json(value: unknown): void
  /** For people, beside the result: stderr. */
  note(text: string): void
  /** Resolves when stdout takes more; await it in loops that print without end. */
  drained(): Promise<void>
}

export const createConsole = ({ stdout, stderr }: CliIo): Console => {
  const closing = new AbortController()
  // What is to become of an output that cannot be written is decided at the edge of the process.
  const onError = (error: Error): void => closing.abort(error)
  stdout.on('error', onError)
  stderr.on('error', onError)
  const write = (stream: OutputStream, text: string): void => {
    if (!closing.signal.aborted) stream.write(`${text}\n`)
  }
  return {
    stdout,
    columns: stdout.isTTY === true ? (stdout.columns ?? null) : null,
    closed: closing.signal,
    line: (text) => write(stdout, text),
    json: (value) => write(stdout, safeJson(value)),
    note: (text) => write(stderr, text),
    drained: async () => {
      if (stdout.writableNeedDrain && !closing.signal.aborted) {
        await once(stdout, 'drain', { signal: closing.signal }).catch(() => undefined)
      }
    },
  }
}
