import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A key and its certificate, in PEM. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface Authority {
  readonly cert: string
  /** For these names, as `DNS:oss.example` or `IP:::1`; valid for that many days from now, or expired when negative. */
  issue(names: readonly string[], days?: number): Certificate
}

const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ')

/** Runs openssl in a directory that is removed afterwards. Throws when the command is missing. */
const inDirectory = <T>(work: (path: (name: string) => string, openssl: (...args: string[]) => void) => T): T => {
  const directory = mkdtempSync(join(tmpdir(), 'longshore-tls-'))
  try {
    const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'ignore' })
    return work((name) => join(directory, name), openssl)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export const selfSigned = (...names: readonly string[]): Certificate =>
  inDirectory((path, openssl) => {
    const extension = `subjectAltName=${names.join(',')}`
    const files = ['-keyout', path('key'), '-out', path('cert')]
    openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=self-signed', '-addext', extension, ...files)
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })

/** Somebody who vouches for servers, made for one test. */
export const createAuthority = (): Authority => {
  const own = inDirectory((path, openssl) => {
    const files = ['-keyout', path('key'), '-out', path('cert')]
    openssl('req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=authority of a test', ...files)
    return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
  })
  return {
    cert: own.cert,
    issue: (names, days = 2) =>
      inDirectory((path, openssl) => {
        writeFileSync(path('ca-key'), own.key)
        writeFileSync(path('ca'), own.cert)
        writeFileSync(path('extensions'), `subjectAltName=${names.join(',')}\n`)
        openssl('req', ...newKey, '-subj', '/CN=server', '-keyout', path('key'), '-out', path('request'))
        const signer = ['-CA', path('ca'), '-CAkey', path('ca-key'), '-CAcreateserial', '-extfile', path('extensions')]
        openssl('x509', '-req', '-in', path('request'), ...signer, '-days', String(days), '-out', path('cert'))
        return { key: readFileSync(path('key'), 'utf8'), cert: readFileSync(path('cert'), 'utf8') }
      }),
  }
}
