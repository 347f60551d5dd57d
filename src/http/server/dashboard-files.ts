import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

export type Encoding = 'br' | 'gzip' | 'identity'

/** A file of the dashboard as it is sent. The files are small, so all are held in memory, in every encoding that was built. */
export interface DashboardFile {
  readonly contentType: string
  /** The part of a strong ETag that stands for the content before any encoding; the encoding is added to it. */
  readonly digest: string
  readonly bodies: ReadonlyMap<Encoding, Buffer>
}

export interface DashboardFiles {
  readonly index: DashboardFile
  /** The files by name. Each name holds a hash of its content. */
  readonly assets: ReadonlyMap<string, DashboardFile>
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const encodedAs = { br: '.br', gzip: '.gz' } as const

const readFile = (path: string): DashboardFile => {
  const content = readFileSync(path)
  const bodies = new Map<Encoding, Buffer>([['identity', content]])
  for (const [encoding, ending] of Object.entries(encodedAs)) {
    if (existsSync(path + ending)) bodies.set(encoding as Encoding, readFileSync(path + ending))
  }
  return {
    contentType: contentTypes[extname(path)] ?? 'application/octet-stream',
    digest: createHash('sha256').update(content).digest('base64url').slice(0, 22),
    bodies,
  }
}

/** Reads the built dashboard below `directory`. Returns null when it was not built. */
export const readDashboardFiles = (directory: string): DashboardFiles | null => {
  const index = join(directory, 'index.html')
  const assets = join(directory, 'assets')
  if (!existsSync(index) || !existsSync(assets)) return null
  const names = readdirSync(assets).filter((name) => extname(name) in contentTypes)
  return { index: readFile(index), assets: new Map(names.map((name) => [name, readFile(join(assets, name))])) }
}
