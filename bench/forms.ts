import { mib } from './report/measurement.js'

/** These are the sizes of everything that is measured. */
export interface Sizes {
  readonly rounds: number
  /** This is the size in bytes of the big file. */
  readonly size: number
  /** This is the size in bytes of the sparse file whose upload is watched for growing memory. */
  readonly longSize: number
  /** This is the number of small files. */
  readonly files: number
  /** This is the number of readers of event streams in P11. */
  readonly readers: number
  /** This is the number of jobs in the large database of P9. A fifth of them are queued. */
  readonly jobs: number
  /** This is how many times each question of P9 is asked. */
  readonly asked: number
}

const gib = 1024 * mib

/**
 * The full form is what the goals are about. The quick form fits in ten minutes on two cores. Figures of different
 * forms are not compared, because a small run shows more of cold code.
 */
export const forms = {
  full: { rounds: 5, size: 4 * gib, longSize: 50 * gib, files: 5_000, readers: 2_000, jobs: 1_000_000, asked: 300 },
  quick: { rounds: 3, size: gib, longSize: 4 * gib, files: 2_000, readers: 2_000, jobs: 200_000, asked: 100 },
} as const satisfies Readonly<Record<string, Sizes>>

/** A form is `other` when one of its sizes was given by hand. */
export type Form = keyof typeof forms | 'other'

export const formOf = (asked: keyof typeof forms, sizes: Sizes): Form => {
  const given = Object.entries(forms[asked]).every(([name, value]) => sizes[name as keyof Sizes] === value)
  return given ? asked : 'other'
}

const count = (number: number): string => number.toLocaleString('en')

/** Says what a table has to be read with. */
export const sizesText = ({ rounds, size, files, readers, jobs }: Sizes, quick: boolean): string =>
  `${quick ? 'up to ' : ''}${rounds} rounds, one file of ${count(size / mib)} MiB, ${count(files)} small files, ${count(readers)} readers, ${count(jobs)} stored jobs`
