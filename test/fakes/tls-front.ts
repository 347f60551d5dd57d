import { type AddressInfo, connect, type Socket } from 'node:net'
import { createServer } from 'node:tls'

/** This is TLS in front of a plain server on loopback, as a load balancer gives it. */
export interface TlsFront {
  readonly port: number
  /** Answers with another certificate from now on. */
  present(certificate: { readonly key: string; readonly cert: string }): void
  close(): Promise<void>
}

export const startTlsFront = async (
  certificate: { readonly key: string; readonly cert: string },
  plainPort: number,
  host = '127.0.0.1',
): Promise<TlsFront> => {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    return socket.on('error', () => {}).on('close', () => sockets.delete(socket))
  }
  const server = createServer(certificate, (client) => {
    const plain = keep(connect(plainPort, '127.0.0.1'))
    client.on('error', () => {}).on('close', () => plain.destroy())
    plain.on('close', () => client.destroy())
    client.pipe(plain).pipe(client)
  })
  server.on('connection', keep).on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    present: (next) => server.setSecureContext(next),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}
