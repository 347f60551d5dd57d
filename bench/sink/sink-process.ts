import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { DataRequest, KnownBytes, SinkOrder, SinkReport } from './sink-protocol.js'

/** This is the server that takes what is uploaded, in a process of its own. It takes one order at a time. */
export interface Sink {
  /** The endpoint is `http://127.0.0.1:port`. */
  readonly endpoint: string
  /** Teaches the sink the CRC-64 of bytes that will come. */
  know(bytes: readonly KnownBytes[]): Promise<void>
  /**
   * Forgets objects, uploads and ledger. `onAlarm` is called once when `alarmBytes` of data have come in after that.
   */
  reset(alarm?: { readonly bytes: number; onAlarm(): void }): Promise<void>
  ledger(): Promise<readonly DataRequest[]>
  /** Makes the sink listen with TLS too, in processes of its own. It resolves to `https://127.0.0.1:port`. */
  secure(keyFile: string, certFile: string): Promise<string>
  /** Returns the ids of all its processes. */
  pids(): readonly number[]
  close(): Promise<void>
}

export const startSink = async (): Promise<Sink> => {
  const child = fork(fileURLToPath(new URL('./sink.js', import.meta.url)), { execArgv: [] })
  const exited = once(child, 'exit')
  let onReport: (report: SinkReport) => void = () => {}
  let onAlarm = (): void => {}
  child.on('message', (message) => {
    const report = message as SinkReport
    if (report.kind === 'alarm') onAlarm()
    else onReport(report)
  })
  const next = (): Promise<SinkReport> =>
    new Promise((resolve, reject) => {
      onReport = resolve
      exited.then(() => reject(new Error('the sink ended')))
    })
  const ask = (order: SinkOrder): Promise<SinkReport> => {
    const reply = next()
    child.send(order)
    return reply
  }

  const hello = await next()
  if (hello.kind !== 'listening') throw new Error('the sink did not say where it listens')
  let pids = child.pid === undefined ? [] : [child.pid]
  return {
    endpoint: `http://127.0.0.1:${hello.port}`,
    async know(bytes) {
      await ask({ kind: 'know', bytes })
    },
    async reset(alarm) {
      onAlarm = alarm?.onAlarm ?? (() => {})
      await ask({ kind: 'reset', alarmBytes: alarm?.bytes ?? null })
    },
    async ledger() {
      const report = await ask({ kind: 'ledger' })
      return report.kind === 'ledger' ? report.requests : []
    },
    async secure(keyFile, certFile) {
      const report = await ask({ kind: 'secure', keyFile, certFile })
      if (report.kind !== 'secured') throw new Error('the sink did not say where it listens with TLS')
      pids = [...pids, ...report.pids]
      return `https://127.0.0.1:${report.port}`
    },
    pids: () => pids,
    async close() {
      child.disconnect()
      await exited
    },
  }
}
