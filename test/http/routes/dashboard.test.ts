import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readDashboardFiles } from '../../../src/http/server/dashboard-files.js'
import { createHarness } from '../harness.js'

const html = '<!doctype html><script type="module" src="./assets/index-abc.js"></script>'
const script = 'console.log("built")'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'longshore-page-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), html)
  await writeFile(join(directory, 'assets', 'index-abc.js'), script)
  await writeFile(join(directory, 'assets', 'index-abc.js.br'), brotliCompressSync(script))
  await writeFile(join(directory, 'assets', 'index-abc.js.gz'), gzipSync(script))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const setup = async () => (await createHarness({ dashboard: readDashboardFiles(directory) })).app
const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

describe('GET /', () => {
  it('is the page for browsers, under a policy that allows its own files only', async () => {
    const app = await setup()
    const answer = await app.inject({ url: '/', headers: browser })
    expect(answer.body).toBe(html)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = String(answer.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("require-trusted-types-for 'script';trusted-types 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|\*|https?:|data:/)
    expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' })
  })

  it('says to programs where to read on', async () => {
    const app = await setup()
    const answer = await app.inject({ url: '/', headers: { accept: '*/*' } })
    expect(answer.json()).toEqual({ name: 'longshore', docs: '/docs', openapi: '/openapi.json' })
    expect(answer.headers['vary']).toContain('accept')
  })

  it('is not sent again to whoever has it', async () => {
    const app = await setup()
    const { headers } = await app.inject({ url: '/', headers: browser })
    const again = { ...browser, 'if-none-match': `"other", W/${String(headers['etag'])}` }
    const answer = await app.inject({ url: '/', headers: again })
    expect([answer.statusCode, answer.body, answer.headers['etag']]).toEqual([304, '', headers['etag']])
    await writeFile(join(directory, 'index.html'), `${html}<!-- newer -->`)
    expect((await (await setup()).inject({ url: '/', headers: again })).statusCode).toBe(200)
  })

  it('opens by a link of another site, but not inside its pages nor for its scripts', async () => {
    const app = await setup()
    const status = async (url: string, mode: string, dest: string): Promise<number> => {
      const site = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
      return (await app.inject({ url, headers: { ...browser, ...site } })).statusCode
    }
    expect(await status('/', 'navigate', 'document')).toBe(200)
    expect(await status('/', 'navigate', 'iframe')).toBe(403)
    expect(await status('/', 'cors', 'empty')).toBe(403)
    expect(await status('/v1/jobs', 'navigate', 'document')).toBe(403)
  })

  it('says kindly how to make the page where it was not built', async () => {
    await rm(join(directory, 'assets'), { recursive: true })
    const answer = await (await setup()).inject({ url: '/', headers: browser })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toContain('npm run build')
  })
})

describe('GET /assets/:file', () => {
  it('may be kept for ever, for its name changes with its content', async () => {
    const answer = await (await setup()).inject('/assets/index-abc.js')
    expect(answer.body).toBe(script)
    expect(answer.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    })
  })

  it.each([
    ['gzip, deflate, br', 'br'],
    ['GZIP', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
    ['identity', undefined],
    ['*', undefined],
  ])('comes compressed for %s as %s', async (accepted, encoding) => {
    const answer = await (await setup()).inject({
      url: '/assets/index-abc.js',
      headers: { 'accept-encoding': accepted },
    })
    expect(answer.headers['content-encoding']).toBe(encoding)
    if (encoding === 'br') expect(brotliDecompressSync(answer.rawPayload).toString()).toBe(script)
  })

  it('has one entity tag for each encoding', async () => {
    const app = await setup()
    const tags = await Promise.all(
      ['br', 'gzip', ''].map(async (accepted) => {
        const { headers } = await app.inject({
          url: '/assets/index-abc.js',
          headers: { 'accept-encoding': accepted },
        })
        return headers['etag']
      }),
    )
    expect(new Set(tags).size).toBe(3)
  })

  it.each(['nothing.js', '..%2findex.html', '%2e%2e%2f%2e%2e%2fpackage.json', 'index-abc.js.br', '__proto__'])(
    'knows no %s',
    async (name) => {
      const answer = await (await setup()).inject(`/assets/${name}`)
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'not_found'])
    },
  )
})
