import { BlockList, isIP } from 'node:net'

/**
 * These IPv4 networks are not the public internet (RFC 6890 and its successors), or hold the metadata services of
 * clouds.
 */
const closedNetworks: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  // CGNAT holds Alibaba Cloud's metadata service (100.100.100.200) and its internal endpoints.
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  // This is the local link. The metadata service of most clouds (169.254.169.254) is in it.
  ['169.254.0.0', 16],
  // Azure answers its virtual machines here.
  ['168.63.129.16', 32],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // These are the multicast, reserved and broadcast addresses.
  ['224.0.0.0', 3],
]

/** In IPv6 only global unicast is open at all. That leaves out loopback, ULA, the link, mapped IPv4 and NAT64. */
const openNetwork6 = ['2000::', 3] as const
const closedNetworks6: readonly (readonly [string, number])[] = [
  // These are IETF protocol assignments (Teredo, ORCHID, benchmarks), some of which hold an IPv4 address.
  ['2001::', 23],
  ['2001:db8::', 32],
  // A 6to4 address can hold any IPv4 address.
  ['2002::', 16],
  ['3fff::', 20],
]

const closed = new BlockList()
for (const [network, prefix] of closedNetworks) closed.addSubnet(network, prefix, 'ipv4')
const open6 = new BlockList()
open6.addSubnet(...openNetwork6, 'ipv6')
const closed6 = new BlockList()
for (const [network, prefix] of closedNetworks6) closed6.addSubnet(network, prefix, 'ipv6')

/** Returns whether an address belongs to the public internet. It is false for a text that is not an address. */
export const isPublicAddress = (address: string): boolean => {
  switch (isIP(address)) {
    case 4:
      return !closed.check(address, 'ipv4')
    case 6:
      return open6.check(address, 'ipv6') && !closed6.check(address, 'ipv6')
    default:
      return false
  }
}
