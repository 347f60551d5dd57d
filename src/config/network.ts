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

/** Returns the proxy. As in other programs, a proxy without a scheme speaks http. */
const parseProxy = (text: string): URL | null => {
  const full = text.includes('://') ? text : `http://${text}`
  if (!URL.canParse(full)) return null
  const url = new URL(full)
  const speaksHttp = url.protocol === 'http:' || url.protocol === 'https:'
  return speaksHttp && isDecodable(url.username) && isDecodable(url.password) ? url : null
}

/** Returns a variable that other programs read too, in either case. As in those programs, lower case wins. */
const eitherCase = (given: Given, name: string): string | undefined => given[name.toLowerCase()] ?? given[name]

const proxyOf = (given: Given, name: string, problems: string[]): URL | null => {
  const text = eitherCase(given, name)
  if (text === undefined) return null
  const url = parseProxy(text)
  // The text is not repeated, because it may hold a password.
  if (url === null) problems.push(`${name}: must be a URL like http://user:password@proxy.example:3128 (no SOCKS)`)
  return url
}

/**
 * Returns what is wrong with the text of a file of certificates, as the end of a sentence that begins with the file's
 * path. It is null when nothing is wrong.
 */
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

/**
 * Reads what stands between this machine and OSS. It adds a sentence to `problems` for each variable that is not right.
 */
export const readNetworkSettings = (given: Given, problems: string[]): NetworkSettings => ({
  httpsProxy: proxyOf(given, 'HTTPS_PROXY', problems),
  httpProxy: proxyOf(given, 'HTTP_PROXY', problems),
  noProxy: (eitherCase(given, 'NO_PROXY') ?? '').split(/[\s,]+/).filter((entry) => entry !== ''),
  ca: caOf(given, problems),
})
