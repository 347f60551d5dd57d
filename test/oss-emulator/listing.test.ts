import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { describe, expect, it } from 'vitest'
import { takePage } from '../../src/oss-emulator/page.js'
import { compareKeys } from '../../src/oss-emulator/stored.js'
import { call, element, initiate, startTestEmulator } from './support.js'

const values = (xml: string, name: string): (string | undefined)[] =>
  [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) => match[1])

const setup = async (keys: readonly string[]) => {
  const emulator = await startTestEmulator()
  for (const key of keys) await call(emulator, { method: 'PUT', key, body: 'x' })
  const list = async (query: Record<string, string>) =>
    (await call(emulator, { method: 'GET', query: { 'list-type': '2', ...query } })).text
  return { emulator, list }
}

describe('listing objects', () => {
  it('rolls names up at the delimiter, and counts both', async () => {
    const { list } = await setup(['a/1', 'a/2', 'b', 'c/d/1', 'z'])
    const text = await list({ delimiter: '/' })
    expect(values(text, 'Key')).toEqual(['b', 'z'])
    expect(values(text, 'Prefix')).toEqual(['', 'a/', 'c/'])
    expect(element(text, 'KeyCount')).toBe('4')
    const below = await list({ delimiter: '/', prefix: 'c/' })
    expect(values(below, 'Prefix')).toEqual(['c/', 'c/d/'])
    expect(values(below, 'Key')).toEqual([])
  })

  it('starts after a name', async () => {
    const { list } = await setup(['a', 'b', 'c'])
    expect(values(await list({ 'start-after': 'a' }), 'Key')).toEqual(['b', 'c'])
  })

  it('goes by the bytes of UTF-8', async () => {
    const { list } = await setup(['\u{1F600}', '\uFFEE', 'z', 'ü'])
    expect(values(await list({}), 'Key')).toEqual(['z', 'ü', '\uFFEE', '\u{1F600}'])
  })

  it('escapes names for XML, or encodes them when asked', async () => {
    const awkward = `<a & "b">'+ \u0001\r\nü`
    const { list } = await setup([awkward])
    const encoded = await list({ 'encoding-type': 'url', prefix: '<' })
    expect(decodeURIComponent(element(encoded, 'Key') ?? '')).toBe(awkward)
    expect([element(encoded, 'Prefix'), element(encoded, 'EncodingType')]).toEqual(['%3C', 'url'])
    const plain = new XMLParser({ trimValues: false, processEntities: true }).parse(
      (await list({})).replaceAll('\u0001', '?'),
    )
    expect(plain.ListBucketResult.Contents.Key.replace('&#13;', '\r')).toBe(awkward.replace('\u0001', '?'))
  })

  it.each([
    [{ 'max-keys': '0' }],
    [{ 'max-keys': '1001' }],
    [{ 'encoding-type': 'base64' }],
    [{ 'continuation-token': '!' }],
    [{ 'list-type': '3' }],
  ])('refuses %j', async (query) => {
    const { list } = await setup([])
    expect(element(await list(query), 'Code')).toBe('InvalidArgument')
  })

  it('has the older form, with markers', async () => {
    const { emulator } = await setup(['a/1', 'b', 'c'])
    const list = async (query: Record<string, string>) => (await call(emulator, { method: 'GET', query })).text
    const first = await list({ 'max-keys': '2', delimiter: '/' })
    expect([values(first, 'Key'), element(first, 'NextMarker')]).toEqual([['b'], 'b'])
    expect(values(await list({ marker: 'b', delimiter: '/' }), 'Key')).toEqual(['c'])
  })
})

it('pages of any size tile any listing, however it is rolled up', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', '/'), minLength: 1, maxLength: 5 })
  fc.assert(
    fc.property(
      fc.uniqueArray(name),
      fc.constantFrom('', 'a', 'b/'),
      fc.constantFrom('', '/'),
      fc.integer({ min: 1, max: 4 }),
      (names, prefix, delimiter, max) => {
        const items = [...names].sort(compareKeys)
        const pageAfter = (marker: string, size: number) =>
          takePage({
            items,
            nameOf: (item) => item,
            prefix,
            delimiter,
            isAfter: (item) => compareKeys(item, marker) > 0,
            isPrefixAfter: (rolledUp) => compareKeys(rolledUp, marker) > 0,
            max: size,
          })
        const whole = pageAfter('', 1000)
        const seen: string[] = []
        for (let marker = '', more = true; more; ) {
          const page = pageAfter(marker, max)
          seen.push(...page.items, ...page.commonPrefixes)
          expect(page.items.length + page.commonPrefixes.length).toBeLessThanOrEqual(max)
          more = page.isTruncated
          marker = page.last === null ? '' : 'item' in page.last ? page.last.item : page.last.prefix
        }
        expect([...seen].sort(compareKeys)).toEqual([...whole.items, ...whole.commonPrefixes].sort(compareKeys))
        expect(new Set(seen).size).toBe(seen.length)
      },
    ),
  )
})

describe('listing uploads', () => {
  it('pages by key, then by upload', async () => {
    const emulator = await startTestEmulator()
    const ids = [await initiate(emulator, 'b'), await initiate(emulator, 'a'), await initiate(emulator, 'a')]
    const list = async (query: Record<string, string>) =>
      (await call(emulator, { method: 'GET', query: { uploads: null, ...query } })).text
    const expected = [
      ['a', ids[1]],
      ['a', ids[2]],
      ['b', ids[0]],
    ].sort(([a, x], [b, y]) => compareKeys(`${a}${x}`, `${b}${y}`))
    const seen: (string | undefined)[][] = []
    for (let query: Record<string, string> = {}, more = true; more; ) {
      const page = await list({ 'max-uploads': '1', ...query })
      seen.push([element(page, 'Key'), element(page, 'UploadId')])
      more = element(page, 'IsTruncated') === 'true'
      query = {
        'key-marker': element(page, 'NextKeyMarker') ?? '',
        'upload-id-marker': element(page, 'NextUploadIdMarker') ?? '',
      }
    }
    expect(seen).toEqual(expected)
    expect(values(await list({ 'key-marker': 'a' }), 'Key')).toEqual(['b'])
    expect(values(await list({ prefix: 'a' }), 'Key')).toEqual(['a', 'a'])
  })
})
