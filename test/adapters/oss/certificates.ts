import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4, SocketAddress } from 'node:net'

/** This is a key and its certificate, in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface Authority {
  readonly cert: string
  /**
   * Issues a certificate for these names, as `DNS:oss.example` or `IP:::1`. It is valid for that many days from now, or
   * has expired when the number is negative.
   */
  issue(names: readonly string[], days?: number): Certificate
}

const dayMs = 86_400_000

/** Returns one element of DER: a tag, a length and the contents. */
const der = (tag: number, ...contents: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(contents)
  const length = body.length
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents)
const identifier = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'))

const commonName = identifier('550403')
const basicConstraints = identifier('551d13')
const alternativeNames = identifier('551d11')
const ecdsaWithSha256 = sequence(identifier('2a8648ce3d040302'))

const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(text)))))

/** Returns a time as `YYMMDDHHMMSSZ`, which is the form that X.509 requires until 2050. */
const timeOf = (ms: number): Buffer =>
  der(0x17, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replaceAll(/\D/g, '')}Z`))

const addressBytes = (address: string): Buffer => {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [before = '', after] = new SocketAddress({ address, family: 'ipv6' }).address.split('::')
  const groups = (text = ''): string[] => (text === '' ? [] : text.split(':'))
  const [first, last] = [groups(before), groups(after)]
  const all = [...first, ...Array<string>(8 - first.length - last.length).fill('0'), ...last]
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** Returns a name as certificates carry it: tag 2 is a host, and tag 7 an address. */
const alternativeName = (name: string): Buffer =>
  name.startsWith('IP:') ? der(0x87, addressBytes(name.slice(3))) : der(0x82, Buffer.from(name.replace('DNS:', '')))

interface Wish {
  readonly subject: string
  readonly names: readonly string[]
  readonly days: number
  /** This signs the certificate. It is null for a certificate that vouches for itself and may vouch for others. */
  readonly issuer: { readonly name: string; readonly key: KeyObject } | null
}

const makeCertificate = ({ subject, names, days, issuer }: Wish): Certificate => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const [now, end] = [Date.now(), Date.now() + days * dayMs]
  const extensions = [
    ...(issuer === null ? [sequence(basicConstraints, der(0x04, sequence(der(0x01, Buffer.from([0xff])))))] : []),
    ...(names.length > 0
      ? [sequence(alternativeNames, der(0x04, sequence(...names.map((name) => alternativeName(name)))))]
      : []),
  ]
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1]), randomBytes(8)),
    ecdsaWithSha256,
    nameOf(issuer?.name ?? subject),
    sequence(timeOf(Math.min(now, end) - dayMs), timeOf(end)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', signed, issuer?.key ?? privateKey)
  const whole = sequence(signed, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature))
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replaceAll(/.{64}/g, '$&\n').trim()}\n-----END CERTIFICATE-----\n`,
  }
}

export const selfSigned = (...names: readonly string[]): Certificate =>
  makeCertificate({ subject: 'self-signed', names, days: 2, issuer: null })

/** Returns an authority that vouches for servers, made for one test. */
export const createAuthority = (): Authority => {
  // Two authorities of one name could not be told apart, because the certificates carry no identifiers of keys.
  const name = `authority ${randomBytes(4).toString('hex')} of a test`
  const own = makeCertificate({ subject: name, names: [], days: 2, issuer: null })
  const issuer = { name, key: createPrivateKey(own.key) }
  return {
    cert: own.cert,
    issue: (names, days = 2) => makeCertificate({ subject: 'server', names, days, issuer }),
  }
}
