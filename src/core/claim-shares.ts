interface Pair {
  readonly endpoint: string
  readonly bucket: string
}

interface Quota extends Pair {
  readonly limit: number
}

/** What a claim may take, as its caller says. */
export interface ClaimLimits {
  readonly limit: number
  readonly pairLimit?: number
  readonly quotas?: readonly (Quota & { readonly putsAreRuns?: boolean })[]
  readonly puts?: { readonly limit: number; readonly pairLimit: number; readonly quotas: readonly Quota[] }
}

/** What a claim may take of one endpoint and bucket. `puts` is null when plain puts are claimed as all other jobs are. */
export interface ClaimShares {
  readonly runs: number
  readonly puts: number | null
}

/** Returns what a claim may take of one endpoint and bucket. */
export const sharesOf = (pair: Pair, { limit, pairLimit = limit, quotas = [], puts }: ClaimLimits): ClaimShares => {
  const isOfPair = ({ endpoint, bucket }: Pair): boolean => endpoint === pair.endpoint && bucket === pair.bucket
  const quota = quotas.find(isOfPair)
  const runs = Math.min(limit, quota?.limit ?? pairLimit)
  if (puts === undefined || quota?.putsAreRuns === true) return { runs, puts: null }
  return { runs, puts: Math.min(puts.limit, puts.quotas.find(isOfPair)?.limit ?? puts.pairLimit) }
}

/** Takes the first of these jobs, in their order: so many that run by themselves, and so many plain puts. */
export const takeShares = <T extends { readonly isPut: boolean }>(
  jobs: readonly T[],
  runs: number,
  puts: number,
): readonly T[] => {
  let runsLeft = runs
  let putsLeft = puts
  return jobs.filter(({ isPut }) => (isPut ? putsLeft-- : runsLeft--) > 0)
}
