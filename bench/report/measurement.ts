/** This is one run of one contender. */
export interface Sample {
  /** The value is in the unit of its row. */
  readonly value: number
  /**
   * This is the processor time, user and system, of the uploading process in the case's `cpuUnit`. It is null where it
   * cannot be measured.
   */
  readonly cpu: number | null
  readonly peakRssMib: number | null
}

export interface Contender {
  readonly name: string
  /** The failure of an optional contender drops it from the comparison. Without this flag a failure ends everything. */
  readonly optional: boolean
  /** Makes one run. `round` counts from 1 and keeps objects apart. */
  run(round: number): Promise<Sample>
}

export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}

export interface Row {
  readonly name: string
  readonly unit: string
  readonly value: Spread
  readonly cpu: Spread | null
  readonly peakRssMib: Spread | null
}

/** A goal shows what was reached beside what is asked for. */
export interface Goal {
  readonly id: string
  readonly what: string
  readonly measured: number
  readonly unit: string
  readonly atLeast: string
  readonly moonshot: string
  /** This is true when the row of Longshore has the figure too, as its value, its CPU or their ratio to a peer's. */
  readonly isOfRow?: boolean
}

export interface CaseResult {
  readonly id: string
  readonly title: string
  readonly cpuUnit: string
  readonly rows: readonly Row[]
  readonly goals: readonly Goal[]
  /** A reader of the figures must know these sentences. */
  readonly notes: readonly string[]
}

export const mib = 1024 * 1024
/** The goals are about this row. */
export const longshore = 'Longshore'

/** Throws when there are no values. */
export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number): number => {
    const value = sorted[index]
    if (value === undefined) throw new Error('no values to summarise')
    return value
  }
  const last = sorted.length - 1
  return { min: at(0), median: (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2, max: at(last) }
}

const spreadOrNull = (values: readonly (number | null)[]): Spread | null => {
  const numbers = values.filter((value) => value !== null)
  return numbers.length === 0 ? null : spreadOf(numbers)
}

export const rowOf = (name: string, unit: string, samples: readonly Sample[]): Row => ({
  name,
  unit,
  value: spreadOf(samples.map(({ value }) => value)),
  cpu: spreadOrNull(samples.map(({ cpu }) => cpu)),
  peakRssMib: spreadOrNull(samples.map(({ peakRssMib }) => peakRssMib)),
})

/** In the quick form no third round begins when a case has taken so long. */
const longQuickMs = 45_000
const fewestRounds = 2

/** Numbers the rounds of a case from 1. In the quick form a busy machine gets fewer, so that the whole stays short. */
export function* roundsOf(
  { rounds, quick, say }: { readonly rounds: number; readonly quick: boolean; say(text: string): void },
  now = () => performance.now(),
): Generator<number> {
  const began = now()
  for (let round = 1; round <= rounds; round++) {
    const seconds = (now() - began) / 1000
    if (quick && round > fewestRounds && seconds * 1000 > longQuickMs) {
      say(`  no round ${round}, because the others took ${seconds.toFixed(0)} s`)
      return
    }
    yield round
  }
}

/** Lets the contenders run in turn, A B A B, so that a busy minute of the machine hits them all. */
export const runInTurn = async (
  contenders: readonly Contender[],
  rounds: Iterable<number>,
  unit: string,
  say: (text: string) => void,
): Promise<readonly Row[]> => {
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]))
  for (const round of rounds) {
    for (const [contender, own] of samples) {
      try {
        const sample = await contender.run(round)
        own.push(sample)
        say(`  round ${round} ${contender.name}: ${sample.value.toFixed(0)} ${unit}`)
      } catch (error) {
        if (!contender.optional) throw error
        samples.delete(contender)
        say(`  ${contender.name} is left out: ${String(error)}`)
      }
    }
  }
  return [...samples].map(([{ name }, own]) => rowOf(name, unit, own))
}

const medianOf = (rows: readonly Row[], name: string, of: 'value' | 'cpu'): number | null =>
  rows.find((row) => row.name === name)?.[of]?.median ?? null

/** Returns how many times the peer's median Longshore's median is. It is empty when the peer did not run. */
export const goalAgainst = (
  rows: readonly Row[],
  peer: string,
  goal: Omit<Goal, 'what' | 'measured' | 'unit' | 'isOfRow'>,
  of: 'value' | 'cpu' = 'value',
  ours = longshore,
): readonly Goal[] => {
  const own = medianOf(rows, ours, of)
  const theirs = medianOf(rows, peer, of)
  return own === null || theirs === null
    ? []
    : [
        {
          ...goal,
          what: `${ours} beside ${peer}${of === 'cpu' ? ', CPU' : ''}`,
          measured: own / theirs,
          unit: 'x',
          isOfRow: true,
        },
      ]
}

/** Returns what a row of Longshore costs. It is empty when that was not measured. */
export const goalOfCpu = (
  rows: readonly Row[],
  goal: Omit<Goal, 'what' | 'measured' | 'isOfRow'>,
  ours = longshore,
): readonly Goal[] => {
  const measured = medianOf(rows, ours, 'cpu')
  return measured === null ? [] : [{ ...goal, what: `${ours}, CPU`, measured, isOfRow: true }]
}
