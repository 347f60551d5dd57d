import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { NetworkSettings } from '../adapters/oss/wire/network.js'

type Given = Readonly<Record<string, string>>

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** As other programs read it, a proxy without a scheme speaks http. */
const parseProxy = (text: string): URL | null => {
  const full = text.includes('://') ? text : `http://${text}`
  if (!URL.canParse(full)) return null
  const url = new URL(full)
  const speaksHttp = url.protocol === 'http:' || url.protocol === 'https:'
  return speaksHttp && isDecodable(url.username) && isDecodable(url.password) ? url : null
}

/** Other programs read these too and write them in either case; as with them, lower case wins. */
const eitherCase = (given: Given, name: string): string | undefined => given[name.toLowerCase()] ?? given[name]

const proxyOf = (given: Given, name: string, problems: string[]): URL | null => {
  const text = eitherCase(given, name)
  if (text === undefined) return null
  const url = parseProxy(text)
  // The text is not repeated: a password may stand in it.
  if (url === null) problems.push(`${name}: must be a URL like http://user:password@proxy.example:3128 (no SOCKS)`)
  return url
}

/** What is wrong with the text of a file of certificates, as a sentence that continues its path, or null. */
const certificatesProblem = (text: string): string | null => {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)
  if (blocks === null) return 'holds no certificate in PEM'
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block)
    } catch {
      return `holds a certificate that cannot be read (number ${index + 1})`
    }
  }
  return null
}

const caOf = (given: Given, problems: string[]): string | null => {
  const path = given['LONGSHORE_CA_FILE']
  if (path === undefined) return null
  try {
    const text = readFileSync(path, 'utf8')
    const problem = certificatesProblem(text)
    if (problem === null) return text
    problems.push(`LONGSHORE_CA_FILE: ${path} ${problem}`)
  } catch (error) {
    problems.push(`LONGSHORE_CA_FILE: ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
  }
  return null
}

/** What stands between this machine and OSS. Adds a sentence to `problems` for each variable that is not right. */
export const readNetworkSettings = (given: Given, problems: string[]): NetworkSettings => ({
  httpsProxy: proxyOf(given, 'HTTPS_PROXY', problems),
  httpProxy: proxyOf(given, 'HTTP_PROXY', problems),
  noProxy: (eitherCase(given, 'NO_PROXY') ?? '').split(/[\s,]+/).filter((entry) => entry !== ''),
  ca: caOf(given, problems),
})
