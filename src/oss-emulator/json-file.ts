import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes a small JSON document that is either there whole or not at all, also when the process is killed. It is not
 * synced: a double does not promise to survive the machine.
 */
export const writeJson = (path: string, value: unknown): void => {
  writeFileSync(`${path}.tmp`, JSON.stringify(value))
  renameSync(`${path}.tmp`, path)
}

export const removeJson = (path: string): void => rmSync(path, { force: true })

/** Every document of a directory. What a killed writer left half-written is removed. */
export const readJsonFiles = (directory: string): unknown[] => {
  const documents: unknown[] = []
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (name.endsWith('.tmp')) rmSync(path, { force: true })
    else if (name.endsWith('.json')) documents.push(JSON.parse(readFileSync(path, 'utf8')))
  }
  return documents
}
