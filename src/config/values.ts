import { readFileSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { endpointProblem } from '../adapters/oss/wire/addressing.js'
import { parseTokenLines } from '../adapters/tokens/token-lines.js'
import { bandwidthProblem } from '../core/bandwidth.js'
import { type BucketPrefix, parseAllowedTarget } from '../core/object-key.js'
import { parseDurationMs, parseSize } from '../core/units.js'
import { type ListenAddress, parseListen } from '../http/server/listen-address.js'
import { endpointText, readRegion } from './region.js'
import { rootProblem } from './roots.js'

type Context = z.core.$RefinementCtx
const refuse = (context: Context, message: string): never => {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

export const size = (min: number, max: number) =>
  z.string().transform((text, context) => {
    const bytes = parseSize(text)
    return bytes === null || bytes < min || bytes > max
      ? refuse(context, `must be a size from ${min} to ${max} bytes, like 16MiB`)
      : bytes
  })

export const count = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)

export const duration = z.string().transform((text, context) => {
  const ms = parseDurationMs(text)
  return ms === null ? refuse(context, 'must be a duration like 25s, 5m or 7d') : ms
})

export const items = (text: string, separator: string): string[] =>
  text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '')

export const list = z.string().transform((text) => items(text, ','))

export const roots = z
  .string({ error: 'is required: colon-separated absolute directories that jobs may read' })
  .transform((text, context) => {
    const given = items(text, ':')
    if (given.length === 0) return refuse(context, 'must name at least one directory')
    const problems = given.map(rootProblem).filter((problem) => problem !== null)
    return problems.length > 0 ? refuse(context, problems.join('; ')) : given.map((root) => realpathSync(root))
  })

export const allowedTargets = list.transform((texts, context): readonly BucketPrefix[] => {
  const parsed = texts.map(parseAllowedTarget)
  const bad = texts.filter((_, index) => parsed[index] === null)
  return bad.length > 0
    ? refuse(context, `must be buckets or bucket/prefix: ${bad.join(', ')}`)
    : parsed.filter((target) => target !== null)
})

export const listen = list.transform((texts, context): readonly ListenAddress[] => {
  const parsed = texts.map(parseListen)
  if (parsed.length === 0 || parsed.includes(null)) return refuse(context, 'must be host:port or unix:/absolute/path')
  return parsed.filter((address) => address !== null)
})

export const tokenFile = z.string().transform((path, context) => {
  try {
    return { path: resolve(path), tokens: parseTokenLines(readFileSync(path, 'utf8')) }
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code
    return refuse(context, errno === undefined ? (error as Error).message : `cannot be read: ${errno}`)
  }
})

export const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` })

export const host = z.string().transform((text, context) => {
  const full = endpointText(text)
  if (full === null) {
    return refuse(
      context,
      `must be a host like oss-cn-hangzhou.aliyuncs.com, or a URL like http://${text} for a name of your network`,
    )
  }
  if (!URL.canParse(full)) {
    return refuse(context, 'must be a host, or a URL of scheme and host like https://oss-cn-hangzhou.aliyuncs.com')
  }
  const url = new URL(full)
  const problem = endpointProblem(url)
  return problem === null ? url : refuse(context, problem)
})

export const region = z.string().transform((text, context) => {
  return readRegion(text) ?? refuse(context, 'must be a region id like cn-hangzhou or ap-southeast-1')
})

/** Reads a whole number from 1 on, or `off`, which becomes null. `of` says what is counted. */
export const countOrOff = (of: string) =>
  z
    .string()
    .regex(/^([1-9]\d{0,8}|off)$/, `must be a number of ${of}, from 1 on, or off`)
    .transform((text) => (text === 'off' ? null : Number(text)))

export const bandwidth = z.string().superRefine((text, context) => {
  const message = bandwidthProblem(text)
  if (message !== null) context.addIssue({ code: 'custom', message })
})
