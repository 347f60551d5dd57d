import type { SinkAnswer, SinkRequest } from './sink-connection.js'

/** What the sink answers as CRC-64 for bytes that it never looks at. `partNumber` 0 stands for the whole object. */
export interface KnownBytes {
  /** The last segment of the object's key, which is the source's file name. */
  readonly name: string
  readonly partNumber: number
  readonly size: number
  /** Decimal. */
  readonly crc64: string
}

/** One UploadPart or PutObject as the sink saw it. */
export interface DataRequest {
  readonly key: string
  /** 0 for a PutObject. */
  readonly partNumber: number
  /** When its head had arrived, in milliseconds since the epoch. */
  readonly at: number
  /** Of the body; fewer than were announced when the client died. */
  received: number
  whole: boolean
}

/** Each is answered by one SinkReport: `done`, `ledger` or `secured`. */
export type SinkOrder =
  | { readonly kind: 'know'; readonly bytes: readonly KnownBytes[] }
  /** Forgets objects, uploads and ledger. `alarmBytes`: report once when so many bytes of data have come in. */
  | { readonly kind: 'reset'; readonly alarmBytes: number | null }
  | { readonly kind: 'ledger' }
  /** Listen with TLS besides. Files in PEM. */
  | { readonly kind: 'secure'; readonly keyFile: string; readonly certFile: string }

export type SinkReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'secured'; readonly port: number; readonly pids: readonly number[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'alarm' }
  | { readonly kind: 'ledger'; readonly requests: readonly DataRequest[] }

/** What a worker for TLS asks the sink when a body has come in. */
export interface RemoteRequest extends Omit<SinkRequest, 'query'> {
  readonly id: number
  readonly query: string
  readonly received: number
}

export interface RemoteAnswer {
  readonly id: number
  readonly answer: SinkAnswer
}
