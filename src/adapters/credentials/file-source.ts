import { readFile } from 'node:fs/promises'
import { type FetchedKeys, type KeySource, noKeys } from './key-source.js'

/** A file this small is read faster than it is decided whether it changed, and reading misses nothing that a timestamp hides. */
const recheckMs = 5_000

const nonEmpty = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** Our spelling, or that of STS and of the metadata service, so that their answers can be saved as they are. */
const fieldOf = (fields: Record<string, unknown>, name: string): string | null =>
  nonEmpty(fields[name]) ?? nonEmpty(fields[name.charAt(0).toUpperCase() + name.slice(1)])

const parse = (text: string): Record<string, unknown> | null => {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : null
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
      // Whoever writes the file writes it again, tokens or not.
      return {
        accessKeyId,
        accessKeySecret,
        securityToken: fieldOf(fields, 'securityToken'),
        temporary: true,
        expiresAt: null,
      }
    },
  }
}
