import { readFile } from 'node:fs/promises'

/** The OpenAPI document of this version, as a daemon serves it. */
export interface ApiDocument {
  /** Returns the JSON text without white space. It is read when somebody asks for it first, and held from then on. */
  text(): Promise<string>
}

/** The package and the image have it at the same place as a checkout. */
const file = new URL('../../../docs/reference/openapi.json', import.meta.url)

/**
 * Returns the document that `npm run openapi` has written. A test compares the file with what the routes say, so no
 * daemon has to work it out.
 */
export const createApiDocument = (): ApiDocument => {
  let reading: Promise<string> | null = null
  const read = async (): Promise<string> => JSON.stringify(JSON.parse(await readFile(file, 'utf8')))
  return {
    text() {
      reading ??= read().catch((error: unknown) => {
        reading = null
        throw error
      })
      return reading
    },
  }
}
