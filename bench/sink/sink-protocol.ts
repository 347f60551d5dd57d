import type { SinkAnswer, SinkRequest } from './sink-connection.js'

/** The sink answers this CRC-64 for bytes that it never looks at. `partNumber` 0 stands for the whole object. */
export interface KnownBytes {
  /** This is the last segment of the object's key, which is the source's file name. */
  readonly name: string
  readonly partNumber: number
  readonly size: number
  /** The CRC-64 is decimal. */
  readonly crc64: string
}

/** This is one UploadPart or PutObject as the sink saw it. */
export interface DataRequest {
  readonly key: string
  /** The number is 0 for a PutObject. */
  readonly partNumber: number
  /** This is when its head had arrived, in milliseconds since the epoch. */
  readonly at: number
  /** These are the bytes of the body. They are fewer than were announced when the client died. */
  received: number
  whole: boolean
}

/** Each order is answered by one SinkReport: `done`, `ledger` or `secured`. */
export type SinkOrder =
  | { readonly kind: 'know'; readonly bytes: readonly KnownBytes[] }
  /**
   * This order makes the sink forget objects, uploads and ledger. With `alarmBytes` it reports once when so many bytes
   * of data have come in.
   */
  | { readonly kind: 'reset'; readonly alarmBytes: number | null }
  | { readonly kind: 'ledger' }
  /** This order makes the sink listen with TLS too. The files are in PEM. */
  | { readonly kind: 'secure'; readonly keyFile: string; readonly certFile: string }

export type SinkReport =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'secured'; readonly port: number; readonly pids: readonly number[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'alarm' }
  | { readonly kind: 'ledger'; readonly requests: readonly DataRequest[] }

/** A worker for TLS asks the sink this when a body has come in. */
export interface RemoteRequest extends Omit<SinkRequest, 'query'> {
  readonly id: number
  readonly query: string
  readonly received: number
}

export interface RemoteAnswer {
  readonly id: number
  readonly answer: SinkAnswer
}
