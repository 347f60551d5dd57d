import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/** Sorts by the time it was made, so that indexes grow at their end; 80 random bits keep it unguessable. */
export const newJobId = (): string => Date.now().toString(36).padStart(9, '0') + randomBytes(10).toString('hex')

/** A batch is told from a job at sight. */
export const newBatchId = (): string => `b-${newJobId()}`

/** Marks an object as ours; no two uploads have the same. */
export const newMarker = (): string => randomBytes(16).toString('hex')
