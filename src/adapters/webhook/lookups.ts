import type { LookupAddress, LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isPublicAddress } from './public-address.js'

/** This code means that the name of a receiver leads to an address that webhooks must not reach. */
export const closedAddressCode = 'ELONGSHORECLOSED'

export type Resolve = (hostname: string, options: LookupOptions & { all: true }) => Promise<LookupAddress[]>

/** These are two ways for sockets to look names up. */
export interface Lookups {
  /**
   * Returns addresses of the public internet only. The very addresses that were checked are dialled, so a name that
   * answers differently the next time gains nothing. One closed address among the answers refuses the name.
   */
  readonly guarded: LookupFunction
  /** Returns all addresses of a name. */
  readonly open: LookupFunction
}

/** Looks up at most `atOnce` names at a time, because getaddrinfo takes threads that the reading of files needs. */
export const createLookups = (resolve: Resolve, atOnce: number): Lookups => {
  const waiting: (() => void)[] = []
  let asking = 0

  const turn = async (): Promise<void> => {
    if (asking >= atOnce) await new Promise<void>((go) => waiting.push(go))
    else asking++
  }
  const done = (): void => {
    const next = waiting.shift()
    if (next === undefined) asking--
    else next()
  }
  const ask = async (hostname: string, options: LookupOptions): Promise<LookupAddress[]> => {
    await turn()
    return resolve(hostname, { ...options, all: true }).finally(done)
  }

  const askGuarded: typeof ask = async (hostname, options) => {
    const addresses = await ask(hostname, options)
    if (addresses.every(({ address }) => isPublicAddress(address))) return addresses
    throw Object.assign(new Error('an address of this name is not public'), { code: closedAddressCode })
  }

  const asLookup =
    (find: typeof ask): LookupFunction =>
    (hostname, options, answer) => {
      find(hostname, options).then(
        (addresses) => {
          const [first] = addresses
          if (options.all === true) answer(null, addresses)
          else answer(null, first?.address ?? '', first?.family)
        },
        (error: NodeJS.ErrnoException) => answer(error, '', 0),
      )
    }

  return { guarded: asLookup(askGuarded), open: asLookup(ask) }
}
