import { BlockList, isIP } from 'node:net'

/** Returns whether a destination is dialled without a proxy. The host name is without brackets and in lower case. */
export type Exemption = (hostname: string, port: number) => boolean

const never: Exemption = () => false

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const amongAddresses = (list: BlockList): Exemption => {
  return (hostname) => isIP(hostname) !== 0 && list.check(hostname, familyOf(hostname))
}

const network = (entry: string): Exemption => {
  const [address = '', bits = ''] = entry.split('/')
  const longest = isIP(address) === 6 ? 128 : 32
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > longest) return never
  const list = new BlockList()
  list.addSubnet(address, Number(bits), familyOf(address))
  return amongAddresses(list)
}

const address = (entry: string): Exemption => {
  const list = new BlockList()
  list.addAddress(entry, familyOf(entry))
  return amongAddresses(list)
}

/** A name exempts itself and the names below it. With a dot in front it exempts only those below it. */
const name = (entry: string): Exemption => {
  const plain = entry.replace(/^\*(?=\.)/, '').replace(/\.$/, '')
  if (plain === '' || plain === '.') return never
  const below = plain.startsWith('.') ? plain : `.${plain}`
  // The end of an address is not a suffix of a name.
  return (hostname) => isIP(hostname) === 0 && (hostname === plain || hostname.endsWith(below))
}

const parse = (text: string): Exemption => {
  const entry = text.trim().toLowerCase()
  if (entry === '*') return () => true
  if (entry.includes('/')) return network(entry)
  if (isIP(entry) === 6) return address(entry)
  const [, bracketed, plain = '', port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? []
  const host = bracketed ?? plain
  const matches = isIP(host) === 0 ? name(host) : address(host)
  return port === undefined ? matches : (hostname, at) => at === Number(port) && matches(hostname, at)
}

/**
 * Parses the entries of NO_PROXY: `*`, host names, suffixes with a leading dot, addresses, and networks in CIDR
 * notation. All but networks may carry a port. Names are not looked up. An entry that is none of these exempts nothing.
 */
export const createExemption = (entries: readonly string[]): Exemption => {
  const exemptions = entries.map(parse)
  return (hostname, port) => exemptions.some((exempts) => exempts(hostname.replace(/\.$/, ''), port))
}
