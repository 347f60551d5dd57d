import { readFile } from 'node:fs/promises'
import { type FetchedKeys, isKeyText, type KeySource, noKeys } from './key-source.js'

/**
 * The file is small: reading it is faster than deciding whether it changed, and reading misses no change that a
 * timestamp hides.
 */
const recheckMs = 5_000

/**
 * Returns the text without the white space around it, because editors add white space, or null when nothing is left.
 */
const nonEmpty = (value: unknown): string | null =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : null

/**
 * Returns a field in our spelling, or in the spelling of STS and of the metadata service, so that their answers can be
 * saved as they are.
 */
const fieldOf = (fields: Record<string, unknown>, name: string): string | null =>
  nonEmpty(fields[name]) ?? nonEmpty(fields[name.charAt(0).toUpperCase() + name.slice(1)])

const fieldsOf = (value: unknown): Record<string, unknown> | null => {
  if (typeof value !== 'object' || value === null) return null
  const fields = value as Record<string, unknown>
  // AssumeRole answers `{RequestId, AssumedRoleUser, Credentials: {...}}`. The metadata service answers with the keys
  // themselves.
  const nested = fields['Credentials'] ?? fields['credentials']
  return typeof nested === 'object' && nested !== null ? (nested as Record<string, unknown>) : fields
}

const parse = (text: string): Record<string, unknown> | null => {
  try {
    // `trim` takes a byte order mark for white space, and the parser takes it for an error.
    const parsed: unknown = JSON.parse(text.trim())
    return fieldsOf(parsed)
  } catch {
    // The parser's message quotes the file, so it is dropped.
    return null
  }
}

/**
 * Returns a source that reads one JSON file with `accessKeyId`, `accessKeySecret`, and for temporary keys
 * `securityToken`. One file holds all the fields of a rotation, so replacing it by a rename never mixes the halves of
 * two rotations, and a file that is half written is not JSON. An expiration in the file changes nothing, because the
 * file is read every few seconds anyway.
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
      // The program that writes the file will write it again, with or without tokens.
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
