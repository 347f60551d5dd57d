import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import type { ClientEnvironment } from './client/connection.js'
import { safeJson } from './terminal/terminal-text.js'

/** `process.stdout` and `process.stderr` are such output streams. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** Answers to questions come from such a stream, for example `process.stdin`. */
export type InputStream = Readable & { readonly isTTY?: boolean }

/** The edge of the process lends these things to the commands. */
export interface CliIo {
  readonly env: ClientEnvironment
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
}

/** Commands write here. Text must be escaped by the caller, and JSON is made safe here. */
export interface Console {
  readonly stdout: OutputStream
  /** This is the width of the terminal behind stdout. It is null when stdout is not a terminal. */
  readonly columns: number | null
  /** Aborts when the reader of stdout went away (`| head`), because further writing makes no sense then. */
  readonly closed: AbortSignal
  line(text: string): void
  json(value: unknown): void
  /** Writes a text for people to stderr, beside the result. */
  note(text: string): void
  /** Resolves when stdout takes more. Await it in loops that print without end. */
  drained(): Promise<void>
}

export const createConsole = ({ stdout, stderr }: CliIo): Console => {
  const closing = new AbortController()
  // The edge of the process decides what happens when an output cannot be written.
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
