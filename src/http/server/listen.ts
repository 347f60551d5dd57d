import { once } from 'node:events'
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { limitConnections, refuseMalformed, serverOptions } from './server-limits.js'

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export interface Listening {
  /** The addresses as LONGSHORE_URL accepts them, in the order in which they were given. */
  readonly addresses: readonly string[]
  /** Stops accepting, ends event streams, lets requests under way finish. */
  close(): Promise<void>
}

/** Owner and group may use the API, because writing to the socket is all that it takes. */
const socketMode = 0o660

const idleCheckMs = 50

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** A daemon that was killed leaves its socket file behind: it is removed when nobody answers there. */
const clearStaleSocket = async (path: string): Promise<void> => {
  const stats = await lstat(path).catch(() => null)
  if (stats === null) return
  if (!stats.isSocket()) throw new Error(`${path} exists and is not a socket`)
  if (await answers(path)) throw new Error(`another process listens on ${path}`)
  await unlink(path)
}

const urlOf = (address: Address, server: Server): string => {
  if (address.kind === 'unix') return `unix:${address.path}`
  const { port } = server.address() as AddressInfo
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`
}

const bind = async (server: Server, address: Address): Promise<void> => {
  if (address.kind === 'tcp') {
    server.listen({ host: address.host, port: address.port })
    await once(server, 'listening')
    return
  }
  await clearStaleSocket(address.path)
  server.listen({ path: address.path })
  await once(server, 'listening')
  await chmod(address.path, socketMode)
}

/** Returns a plain server over the router of fastify, with the same limits, because fastify itself listens on one address. */
const further = (app: FastifyInstance): Server => {
  const server = createServer(serverOptions, (request, response) => app.routing(request, response))
  limitConnections(server)
  server.on('clientError', refuseMalformed)
  return server
}

/** Listens on every address, or on none: throws with a sentence that names the address on which it cannot listen. */
export const listenOn = async (app: FastifyInstance, addresses: readonly Address[]): Promise<Listening> => {
  const servers = addresses.map((_, index) => (index === 0 ? app.server : further(app)))
  const close = async (): Promise<void> => {
    const rest = servers.slice(1).filter((server) => server.listening)
    const closed = rest.map((server) => new Promise((resolve) => server.close(resolve)))
    // Node closes only the connections that are idle at that moment. Connections whose last answer ends later would stay
    // open and keep the close waiting.
    const idleCheck = setInterval(() => {
      for (const server of servers) server.closeIdleConnections()
    }, idleCheckMs)
    await Promise.all([app.close(), ...closed]).finally(() => clearInterval(idleCheck))
  }
  for (const [index, address] of addresses.entries()) {
    const server = servers[index] as Server
    try {
      if (index === 0 && address.kind === 'tcp') await app.listen({ host: address.host, port: address.port })
      else await bind(server, address)
    } catch (error) {
      await close()
      const where = address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`
      throw new Error(`Cannot listen on ${where}: ${(error as Error).message}`, { cause: error })
    }
  }
  return { addresses: addresses.map((address, index) => urlOf(address, servers[index] as Server)), close }
}
