import { type CaseResult, longshore, type Row } from './measurement.js'

/** This is one figure of Longshore, as the history keeps it. */
export interface Figure {
  /** This is the id of the goal, like P5. */
  readonly id: string
  readonly what: string
  readonly value: number
  readonly unit: string
  /** This is the value as a multiple of each peer's that ran in turn with it. */
  readonly ratio: Readonly<Record<string, number>>
  /** This is the daemon's own processor time. It is null where it was not measured. */
  readonly cpu: number | null
  readonly cpuUnit: string | null
  /** This is the processor time as a multiple of each peer's. */
  readonly cpuRatio: Readonly<Record<string, number>>
}

const isOwn = ({ name }: Row): boolean => name.startsWith(longshore)

/** Returns a number with as many digits as a measurement deserves. */
const rounded = (value: number): number => Number(value.toPrecision(4))

const ratios = (own: number | undefined, peers: readonly Row[], of: 'value' | 'cpu'): Record<string, number> =>
  Object.fromEntries(
    peers.flatMap((peer): [string, number][] => {
      const theirs = peer[of]?.median
      return own === undefined || theirs === undefined || theirs === 0 ? [] : [[peer.name, rounded(own / theirs)]]
    }),
  )

/**
 * Returns the figures of a case: one for each row of Longshore, which has the peers beside it, and one for each goal that
 * no row says.
 */
export const figuresOf = ({ id, rows, cpuUnit, goals }: CaseResult): readonly Figure[] => {
  const peers = rows.filter((row) => !isOwn(row))
  const ofRows = rows.filter(isOwn).map(
    (row): Figure => ({
      id,
      what: row.name,
      value: rounded(row.value.median),
      unit: row.unit,
      ratio: ratios(row.value.median, peers, 'value'),
      cpu: row.cpu === null ? null : rounded(row.cpu.median),
      cpuUnit: row.cpu === null ? null : cpuUnit,
      cpuRatio: ratios(row.cpu?.median, peers, 'cpu'),
    }),
  )
  const ofGoals = goals
    .filter(({ isOfRow = false }) => !isOfRow)
    .map(
      (goal): Figure => ({
        id: goal.id,
        what: goal.what,
        value: rounded(goal.measured),
        unit: goal.unit,
        ratio: {},
        cpu: null,
        cpuUnit: null,
        cpuRatio: {},
      }),
    )
  return [...ofRows, ...ofGoals]
}
