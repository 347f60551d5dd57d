import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../core/app-error.js'

/** No request is nested as deep as this. The limit keeps a hostile body from exhausting the stack. */
const maxDepth = 32

const poisonous: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const loneSurrogate = /\p{Surrogate}/u

const refuse = (path: string, message: string): never => {
  const errors = [{ path, message }]
  throw new AppError('invalid_request', path === '' ? `The body ${message}.` : `${path} ${message}.`, { errors })
}

const checkText = (text: string, path: string): void => {
  if (loneSurrogate.test(text)) refuse(path, 'must be valid Unicode: it holds a lone surrogate')
  if (text.includes('\0')) refuse(path, 'must not hold NUL')
}

const checkValue = (value: unknown, path: string, depth: number): void => {
  if (typeof value === 'string') checkText(value, path)
  if (typeof value !== 'object' || value === null) return
  if (depth === maxDepth) refuse('', `must not be nested deeper than ${maxDepth} levels`)
  for (const [key, member] of Object.entries(value)) {
    const memberPath = path === '' ? key : `${path}.${key}`
    checkText(key, path)
    if (poisonous.has(key)) refuse(memberPath, 'is not a name that may be used')
    checkValue(member, memberPath, depth + 1)
  }
}

/**
 * Throws AppError `unsupported_media_type` for a body that is compressed. Without this its sender would only be told that it
 * is no JSON.
 */
export const assertPlain = (headers: IncomingHttpHeaders): void => {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return
  throw new AppError('unsupported_media_type', 'Send the body as it is, without Content-Encoding.')
}

/** A mark of the byte order may come first; it is no part of the text. */
const textOf = (bytes: Buffer): string => {
  const text = bytes.toString('utf8')
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

const parse = (bytes: Buffer): unknown => {
  try {
    if (isUtf8(bytes)) return JSON.parse(textOf(bytes))
  } catch {
    // The texts of the parsers help no more than this one, and that of V8 quotes the body.
  }
  return refuse('', 'must be valid JSON in UTF-8')
}

/**
 * Returns the value of a JSON body, or undefined when the body is empty. Throws AppError `invalid_request`, which names the
 * path, for what the schemas cannot see or would drop silently: bytes that are not UTF-8, lone surrogates, NUL, and names
 * that reach prototypes.
 */
export const parseJsonBody = (bytes: Buffer): unknown => {
  if (bytes.length === 0) return undefined
  const value = parse(bytes)
  checkValue(value, '', 0)
  return value
}
