import type { UploadMode } from './job.js'
import type { PlannedPart } from './part.js'

const kib = 1024
const mib = 1024 * kib
const gib = 1024 * mib

/**
 * OSS's limits [D]: a part has 100 KiB..5 GiB and a number 1..10,000; an object has up to 48.8 TB by multipart and 5
 * GiB by one put.
 */
export const minPartSize = 100 * kib
export const maxPartSize = 5 * gib
export const maxParts = 10_000
export const maxObjectSize = maxPartSize * maxParts

/** These are the bounds of the size from which on a file goes in parts. */
export const minThreshold = 100 * kib
export const maxThreshold = 5 * gib

/**
 * Decides how bytes travel. A put tells OSS its length before its first byte, so a source of unknown size (`null`) goes in
 * parts.
 */
export const modeFor = (size: number | null, threshold: number): UploadMode =>
  size !== null && size < threshold ? 'put' : 'multipart'

/**
 * Decides the size of a part by oss2's rule: the preferred size, doubled while 10,000 parts do not hold the source or OSS
 * would refuse so small a part. The last doubling stops at OSS's 5 GiB. Of a source of unknown size (`null`) only the
 * second bound counts: it ends at 10,000 parts of that size. Total: `size` 0..maxObjectSize, `preferred` any positive
 * number.
 */
export const partSizeFor = (size: number | null, preferred: number): number => {
  let partSize = Math.max(1, Math.ceil(preferred))
  while (partSize < minPartSize || partSize * maxParts < (size ?? 0)) partSize *= 2
  return Math.min(partSize, maxPartSize)
}

/** The layout of one upload in parts. All parts but the last have `partSize` bytes. */
export interface Plan {
  readonly size: number
  readonly partSize: number
  readonly partCount: number
}

/** Lays out the parts of a source whose size is known, in parts as `partSizeFor` decides. An empty source has one part. */
export const planParts = (size: number, preferred: number): Plan => {
  const partSize = partSizeFor(size, preferred)
  return { size, partSize, partCount: Math.max(1, Math.ceil(size / partSize)) }
}

/** Returns where the bytes of one part lie; `partNumber` is 1..partCount. */
export const partOf = (plan: Plan, partNumber: number): PlannedPart => {
  const offset = (partNumber - 1) * plan.partSize
  return { partNumber, offset, size: Math.min(plan.partSize, plan.size - offset) }
}

/** Returns every part of the plan, in order. */
export const partsOf = (plan: Plan): readonly PlannedPart[] =>
  Array.from({ length: plan.partCount }, (_, index) => partOf(plan, index + 1))
