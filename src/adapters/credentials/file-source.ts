import { readFile } from 'node:fs/promises'
import { type FetchedKeys, isKeyText, type KeySource, noKeys } from './key-source.js'

/** A file this small is read faster than it is decided whether it changed, and reading misses nothing that a timestamp hides. */
const recheckMs = 5_000

/** White space around a key is an editor's. */
const nonEmpty = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null

/** Our spelling, or that of STS and of the metadata service, so that their answers can be saved as they are. */
const fieldOf = (fields: Record<string, unknown>, name: string): string | null =>
  nonEmpty(fields[name]) ?? nonEmpty(fields[name.charAt(0).toUpperCase() + name.slice(1)])

const fieldsOf = (value: unknown): Record<string, unknown> | null => {
  if (typeof value !== 'object' || value === null) return null
  const fields = value as Record<string, unknown>
  // AssumeRole answers `{RequestId, AssumedRoleUser, Credentials: {...}}`, the metadata service with the keys themselves.
  const nested = fields['Credentials'] ?? fields['credentials']
  return typeof nested === 'object' && nested !== null ? (nested as Record<string, unknown>) : fields
}

const parse = (text: string): Record<string, unknown> | null => {
  try {
    // A byte order mark is white space to `trim`, and an error to the parser.
    const parsed: unknown = JSON.parse(text.trim())
    return fieldsOf(parsed)
  } catch {
    // The parser's message quotes the file.
    return null
  }
}

/**
 * One JSON file: `accessKeyId`, `accessKeySecret`, and for temporary keys `securityToken`. All of a rotation is in it, so
 * halves of two are never mixed when it is replaced by a rename; one half written is no JSON. An expiration in it changes
 * nothing: it is read every few seconds anyway.
 */
export const createFileSource = (path: string): KeySource => {
  const name = `the file ${path}`

  const read = async (): Promise<string> => {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      throw noKeys(`${name} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`)
    }
  }

  return {
    name,
    recheckMs,
    async fetchKeys(): Promise<FetchedKeys> {
      const fields = parse(await read())
      if (fields === null) throw noKeys(`${name} is not JSON`)
      const accessKeyId = fieldOf(fields, 'accessKeyId')
      const accessKeySecret = fieldOf(fields, 'accessKeySecret')
      if (accessKeyId === null || accessKeySecret === null) {
        throw noKeys(`${name} lacks accessKeyId or accessKeySecret`)
      }
      const securityToken = fieldOf(fields, 'securityToken')
      const texts = { accessKeyId, accessKeySecret, ...(securityToken === null ? {} : { securityToken }) }
      for (const [field, text] of Object.entries(texts)) {
        if (!isKeyText(text)) throw noKeys(`${name} has a ${field} with characters that no key has`)
      }
      // Whoever writes the file writes it again, tokens or not.
      return {
        accessKeyId,
        accessKeySecret,
        securityToken,
        temporary: true,
        expiresAt: null,
      }
    },
  }
}
