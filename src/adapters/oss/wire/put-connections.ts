import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { connect as connectTls } from 'node:tls'
import { loopbackLookup } from './loopback-lookup.js'
import type { Network } from './network.js'
import { type PutAnswer, readPutAnswer } from './put-answer.js'
import type { ExchangeTimeouts } from './timeouts.js'

/** This says where small PUTs go. */
export interface PutPeer {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
}

/** How one PUT went. `mayBeDone` says that the other side may have acted on it although its answer proves nothing. */
export type PutOutcome =
  | { readonly answer: PutAnswer }
  | { readonly trouble: string; readonly mayBeDone: boolean; readonly status: number | null }

/**
 * These are keep-alive connections for PUTs whose head and body lie ready in one buffer. They speak the little of
 * HTTP/1.1 that such a PUT needs and take nothing on trust: an answer that is not exactly as expected is trouble, and
 * its connection is closed.
 */
export interface PutConnections {
  /**
   * Sends the bytes, which must stay as they are until the promise resolves. It never rejects. When the signal aborts,
   * the connection is torn down.
   */
  put(peer: PutPeer, bytes: Buffer, timeouts: ExchangeTimeouts, signal: AbortSignal): Promise<PutOutcome>
  close(): void
}

interface Connection {
  readonly socket: Socket
  readonly peerName: string
  idleSince: number
  current: Exchange | null
}

interface Exchange {
  readonly timeouts: ExchangeTimeouts
  readonly startedAt: number
  connectedAt: number | null
  writtenAt: number | null
  received: Buffer | null
  finish(outcome: PutOutcome): void
}

/** Servers close idle connections too, and a PUT must rarely meet a connection that is being closed. */
const mostIdleMs = 4_000
/** Time limits are looked at so often. */
const lookMs = 250
/** An answer to a PUT has a few hundred bytes. */
const mostAnswerBytes = 64 * 1024

export const createPutConnections = (network: Network): PutConnections => {
  const free = new Map<string, Connection[]>()
  const open = new Set<Connection>()
  const sessions = new Map<string, Buffer>()
  let timer: NodeJS.Timeout | null = null

  const fail = (connection: Connection, trouble: string): void => {
    const { current, socket } = connection
    connection.current = null
    socket.destroy()
    // Before the connection is there nothing can have reached the other side.
    current?.finish({ trouble, mayBeDone: current.connectedAt !== null, status: null })
  }

  const overdue = ({ timeouts, startedAt, connectedAt, writtenAt }: Exchange, now: number): string | null => {
    if (now - startedAt > timeouts.budgetMs) return 'BUDGET_TIMEOUT'
    if (connectedAt === null) return now - startedAt > timeouts.connectMs ? 'CONNECT_TIMEOUT' : null
    return writtenAt !== null && now - writtenAt > timeouts.answerMs ? 'ANSWER_TIMEOUT' : null
  }

  const look = (): void => {
    const now = performance.now()
    for (const connection of open) {
      const { current } = connection
      const late = current === null ? null : overdue(current, now)
      if (late !== null) fail(connection, late)
      else if (current === null && now - connection.idleSince > mostIdleMs) connection.socket.destroy()
    }
    if (open.size > 0 || timer === null) return
    clearInterval(timer)
    timer = null
  }

  const settle = (connection: Connection, current: Exchange, answer: PutAnswer): void => {
    connection.current = null
    // An answer that came before all bytes were written cannot be about all of them.
    const isWhole = current.writtenAt !== null
    if (isWhole && answer.keepsAlive) {
      connection.idleSince = performance.now()
      const others = free.get(connection.peerName)
      if (others === undefined) free.set(connection.peerName, [connection])
      else others.push(connection)
    } else connection.socket.destroy()
    const { status } = answer
    const mayBeDone = status < 400 || status >= 500
    current.finish(isWhole && status === 200 ? { answer } : { trouble: `STATUS_${status}`, mayBeDone, status })
  }

  const takeFree = (peerName: string): Connection | null => {
    for (;;) {
      const connection = free.get(peerName)?.pop()
      if (connection === undefined) return null
      if (connection.socket.writable) return connection
    }
  }

  const onData = (connection: Connection, chunk: Buffer): void => {
    const { current } = connection
    // Nobody asked for these bytes.
    if (current === null) return void connection.socket.destroy()
    const received = current.received === null ? chunk : Buffer.concat([current.received, chunk])
    const read = readPutAnswer(received)
    if (read === 'more' && received.length <= mostAnswerBytes) {
      current.received = received
      return
    }
    if (read === 'more' || read === 'odd') fail(connection, 'ODD_ANSWER')
    else if (current.writtenAt !== null) settle(connection, current, read)
    else {
      // An answer may come one turn of the loop before the callback of our own write.
      setImmediate(() => {
        if (connection.current === current) settle(connection, current, read)
      })
    }
  }

  const dial = ({ protocol, hostname, port }: PutPeer, peerName: string): Connection => {
    const where = { host: hostname, port, lookup: loopbackLookup }
    const session = sessions.get(peerName)
    const socket =
      protocol === 'http:'
        ? connectTcp({ ...where, noDelay: true })
        : connectTls({
            ...where,
            ...network.tls,
            servername: isIP(hostname) === 0 ? hostname : '',
            ALPNProtocols: ['http/1.1'],
            ...(session === undefined ? {} : { session }),
          })
    const connection: Connection = { socket, peerName, idleSince: 0, current: null }
    open.add(connection)
    timer ??= setInterval(look, lookMs).unref()
    if (protocol === 'https:') {
      socket.setNoDelay(true)
      socket.on('session', (fresh: Buffer) => sessions.set(peerName, fresh))
    }
    socket.once(protocol === 'http:' ? 'connect' : 'secureConnect', () => {
      if (connection.current !== null) connection.current.connectedAt = performance.now()
    })
    socket.on('data', (chunk: Buffer) => onData(connection, chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => fail(connection, error.code ?? 'UNKNOWN'))
    socket.on('close', () => {
      open.delete(connection)
      const others = free.get(peerName)
      const index = others?.indexOf(connection) ?? -1
      if (index >= 0) others?.splice(index, 1)
      fail(connection, 'ECONNRESET')
    })
    return connection
  }

  return {
    put(peer, bytes, timeouts, signal) {
      const peerName = `${peer.protocol}//${peer.hostname}:${peer.port}`
      return new Promise((resolve) => {
        if (signal.aborted) return resolve({ trouble: 'ABORTED', mayBeDone: false, status: null })
        const known = takeFree(peerName)
        const connection = known ?? dial(peer, peerName)
        const startedAt = performance.now()
        const onAbort = (): void => fail(connection, 'ABORTED')
        const current: Exchange = {
          timeouts,
          startedAt,
          connectedAt: known === null ? null : startedAt,
          writtenAt: null,
          received: null,
          finish(outcome) {
            signal.removeEventListener('abort', onAbort)
            resolve(outcome)
          },
        }
        connection.current = current
        signal.addEventListener('abort', onAbort, { once: true })
        connection.socket.write(bytes, (error) => {
          if (error === null || error === undefined) current.writtenAt = performance.now()
        })
      })
    },
    close() {
      for (const { socket } of open) socket.destroy()
    },
  }
}
