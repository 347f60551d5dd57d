/**
 * A peer is the side whose TLS or HTTP fails. `who` names it in the sentence, and `setting` says what the operator
 * should look at.
 */
interface Peer {
  readonly who: string
  readonly setting: string
}

const peers = {
  endpoint: { who: 'The endpoint', setting: 'OSS_ENDPOINT' },
  proxy: { who: 'The proxy', setting: 'HTTPS_PROXY or HTTP_PROXY' },
} as const satisfies Readonly<Record<string, Peer>>

interface CertificateTrouble {
  /** This text continues "The endpoint's TLS certificate". */
  readonly what: string
  readonly remedy: (peer: Peer) => string
}

const expired: CertificateTrouble = {
  what: 'has expired',
  remedy: () => "have it renewed, or set this machine's clock",
}
const notYetValid: CertificateTrouble = { what: 'is not valid yet', remedy: () => "set this machine's clock" }
const selfSigned: CertificateTrouble = {
  what: 'is self-signed',
  remedy: () => 'if it is the right one, name its file in LONGSHORE_CA_FILE',
}
const unknownAuthority: CertificateTrouble = {
  what: 'comes from an authority that is not trusted here',
  remedy: () => "if it is the right one, name the file of its authority's certificates in LONGSHORE_CA_FILE",
}
const otherName: CertificateTrouble = {
  what: 'is for another name',
  remedy: ({ setting }) =>
    setting === peers.endpoint.setting
      ? 'check OSS_ENDPOINT, and OSS_ADDRESSING when the bucket stands before its name'
      : `check ${setting}`,
}
const unacceptable: CertificateTrouble = { what: 'is not acceptable', remedy: () => 'have it replaced' }

const certificateTroubles: ReadonlyMap<string, CertificateTrouble> = new Map([
  ['CERT_HAS_EXPIRED', expired],
  ['CERT_NOT_YET_VALID', notYetValid],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', selfSigned],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownAuthority],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownAuthority],
  ['CERT_UNTRUSTED', unknownAuthority],
  ['ERR_TLS_CERT_ALTNAME_INVALID', otherName],
  ['ERR_TLS_CERT_ALTNAME_FORMAT', unacceptable],
  ['HOSTNAME_MISMATCH', otherName],
  ['CERT_REVOKED', unacceptable],
  ['CERT_REJECTED', unacceptable],
  ['CERT_SIGNATURE_FAILURE', unacceptable],
  ['CERT_CHAIN_TOO_LONG', unacceptable],
  ['INVALID_CA', unacceptable],
  ['INVALID_PURPOSE', unacceptable],
  ['PATH_LENGTH_EXCEEDED', unacceptable],
])

/**
 * Returns what an operator has to mend, and how, when a TLS error says that no repetition helps. Otherwise it returns
 * null. A protocol error counts only while the connection is being made, because a later one is caused by the network.
 */
export const tlsRemedy = (errno: string, connecting: boolean, at: keyof typeof peers): string | null => {
  const peer = peers[at]
  const certificate = certificateTroubles.get(errno)
  if (certificate !== undefined) {
    return `${peer.who}'s TLS certificate ${certificate.what} (${errno}): ${certificate.remedy(peer)}.`
  }
  if (!connecting || !(errno === 'EPROTO' || errno.startsWith('ERR_SSL_'))) return null
  return `${peer.who} does not speak TLS as we do (${errno}): check scheme and port of ${peer.setting}.`
}

/** Returns what an operator has to mend when a proxy refuses for a reason that stays. Otherwise it returns null. */
export const proxyRemedy = (status: number): string | null => {
  if (status === 407) return 'The proxy wants other credentials (407): check user name and password in its URL.'
  if (status < 400 || status >= 500 || status === 408 || status === 429) return null
  return `The proxy refuses to forward our requests (${status}): have the endpoint allowed there, or name it in NO_PROXY.`
}
