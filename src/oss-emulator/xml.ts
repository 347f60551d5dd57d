import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { OssError } from './oss-error.js'

/** An element has a name, and a text or children. Children that are undefined are left out. */
export type XmlElement = readonly [name: string, content: string | number | boolean | readonly XmlChild[]]
export type XmlChild = XmlElement | undefined

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#13;',
}

export const escapeXml = (text: string): string => text.replace(/[&<>"'\r]/g, (char) => escapes[char] ?? char)

const renderElement = ([name, content]: XmlElement): string => {
  const inner =
    typeof content === 'object'
      ? content.map((child) => (child === undefined ? '' : renderElement(child))).join('')
      : escapeXml(String(content))
  return `<${name}>${inner}</${name}>`
}

/** Returns a document with its declaration, as OSS answers it. */
export const renderXml = (root: XmlElement): string => `<?xml version="1.0" encoding="UTF-8"?>\n${renderElement(root)}`

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  // Alibaba's Go SDKs write the quotes of an ETag as `&#34;`, which is a character reference and not a named entity.
  htmlEntities: true,
  isArray: (name) => name === 'Part' || name === 'Tag',
})

const malformed = (): OssError => new OssError('MalformedXML')

const parseRoot = (text: string, rootName: string): Record<string, unknown> => {
  // The parser alone repairs what it can, so the validator refuses.
  if (XMLValidator.validate(text) !== true) throw malformed()
  const root = (parser.parse(text) as Record<string, unknown>)[rootName]
  if (root === '') return {}
  if (typeof root !== 'object' || root === null) throw malformed()
  return root as Record<string, unknown>
}

const elements = (root: Record<string, unknown>, name: string): readonly Record<string, unknown>[] => {
  const found = root[name] ?? []
  if (!Array.isArray(found) || found.some((item) => typeof item !== 'object' || item === null)) throw malformed()
  return found as Record<string, unknown>[]
}

const text = (element: Record<string, unknown>, name: string): string => {
  const value = element[name]
  if (typeof value !== 'string') throw malformed()
  return value
}

/** This is a part as CompleteMultipartUpload names it. `etag` has no quotes. */
export interface NamedPart {
  readonly partNumber: number
  readonly etag: string
}

/**
 * Returns the parts of a CompleteMultipartUpload body, in its order. Throws MalformedXML when the body is none or names
 * no part.
 */
export const parseCompleteBody = (body: string): readonly NamedPart[] => {
  const parts = elements(parseRoot(body, 'CompleteMultipartUpload'), 'Part').map((part) => {
    const number = text(part, 'PartNumber')
    if (!/^\d{1,5}$/.test(number)) throw malformed()
    return { partNumber: Number(number), etag: text(part, 'ETag').replaceAll('"', '') }
  })
  if (parts.length === 0) throw malformed()
  return parts
}

/** Returns an instant as OSS writes it into XML: whole seconds with `.000`, which its Python SDK requires exactly. */
export const xmlInstant = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}.000Z`

/** Returns the tags of a PutObjectTagging body. */
export const parseTaggingBody = (body: string): readonly (readonly [key: string, value: string])[] => {
  const tagSet = parseRoot(body, 'Tagging')['TagSet']
  if (tagSet === '') return []
  if (typeof tagSet !== 'object' || tagSet === null) throw malformed()
  return elements(tagSet as Record<string, unknown>, 'Tag').map((tag) => [text(tag, 'Key'), text(tag, 'Value')])
}
