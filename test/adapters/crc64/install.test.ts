import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { needs } from '../../needs.js'

const house = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

describe('an install', () => {
  let directory: string | null = null
  afterEach(async () => {
    if (directory !== null) await rm(directory, { recursive: true })
    directory = null
  })

  /** Makes a copy of the built package, without what was compiled here. */
  const setup = async (): Promise<string> => {
    directory = await mkdtemp(join(tmpdir(), 'longshore-install-'))
    for (const name of ['package.json', 'dist/core', 'dist/adapters/crc64']) {
      await cp(join(house, name), join(directory, name), { recursive: true })
    }
    await cp(join(house, 'native'), join(directory, 'native'), {
      recursive: true,
      filter: (path) => !/crc64\.node$|build$/.test(path),
    })
    return directory
  }

  const install = async (tree: string, env: NodeJS.ProcessEnv): Promise<string> =>
    (await run('npm', ['run', 'install'], { cwd: tree, env: { ...process.env, ...env } })).stdout

  const engineIn = async (tree: string, ...nodeOptions: readonly string[]): Promise<string> => {
    const program = "import('./dist/adapters/crc64/crc64.js').then((crc64) => console.log(crc64.crc64Engine()))"
    const { stdout } = await run(process.execPath, [...nodeOptions, '-e', program], { cwd: tree })
    return stdout.trim()
  }

  it('that runs no scripts leaves the WebAssembly engine', async () => {
    expect(await engineIn(await setup())).toBe('wasm')
  })

  it('without a working compiler succeeds, says what that costs, and leaves nothing half done', async () => {
    const tree = await setup()
    expect(await install(tree, { CC: 'false', CXX: 'false' })).toContain('Longshore goes without its CRC-64 addon')
    expect(await readdir(join(tree, 'native/crc64'))).not.toContain('build')
    expect(await engineIn(tree)).toBe('wasm')
  })

  it('without headers succeeds and downloads none', async () => {
    const tree = await setup()
    expect(await install(tree, { npm_config_nodedir: tree })).toContain(`no headers of Node.js below ${tree}`)
  })

  it('on a machine without WebAssembly leaves plain JavaScript', async () => {
    expect(await engineIn(await setup(), '--jitless')).toBe('javascript')
  })

  it('whose addon is for another machine leaves the WebAssembly engine', async () => {
    const tree = await setup()
    await cp(join(tree, 'package.json'), join(tree, 'native/crc64/crc64.node'))
    expect(await engineIn(tree)).toBe('wasm')
  })

  it('whose engine gives wrong answers leaves the next one', async () => {
    const tree = await setup()
    const path = join(tree, 'native/crc64/crc64.wasm')
    const module = await readFile(path)
    // This is the polynomial, as WebAssembly writes a constant: seven bits a byte, the lowest first. The last byte is
    // left out.
    const polynomial = BigInt.asIntN(64, 0xc96c5795d7870f42n)
    const written = Buffer.from(
      Array.from({ length: 8 }, (_, at) => Number((polynomial >> BigInt(7 * at)) & 0x7fn) | 0x80),
    )
    const places: number[] = []
    for (let at = module.indexOf(written); at !== -1; at = module.indexOf(written, at + 1)) places.push(at)
    expect(places).not.toEqual([])
    for (const at of places) module.writeUInt8(module.readUInt8(at) ^ 1, at)
    await writeFile(path, module)
    expect(await engineIn(tree)).toBe('javascript')
  })

  it('with a compiler leaves a native engine', async (context) => {
    needs(context, 'make', 'g++', 'python3')
    const tree = await setup()
    expect(await install(tree, {})).not.toContain('goes without')
    expect(await readdir(join(tree, 'native/crc64'))).not.toContain('build')
    expect(['vpclmul', 'pclmul', 'pmull', 'slicing']).toContain(await engineIn(tree))
  })
})
