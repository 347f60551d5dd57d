/**
 * Kubernetes and Docker links put such variables into the environment of a pod beside a service called `longshore` or
 * `oss`.
 */
const ofServiceLinks =
  /^(LONGSHORE|OSS)(_[A-Z0-9]+)*_(SERVICE_(HOST|PORT)(_.*)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?|NAME|ENV_.*)$/

/** The client commands and the scripts of this project read these variables, and the daemon does not. */
const ofOthers: readonly string[] = ['LONGSHORE_URL', 'LONGSHORE_CI_RUN', 'LONGSHORE_SEED', 'LONGSHORE_CODE_CACHE']

/** Returns how many letters must be put in, left out or changed to turn one text into the other. */
const distance = (a: string, b: string): number => {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(changed, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    above = row
  }
  return above[b.length] ?? 0
}

/** Two names that are farther apart than this are not taken for each other. */
const mostDistance = 6

/**
 * Returns a sentence for every variable that is spelled like one of our settings but is none, with the nearest setting.
 * Without it, a setting with a slip in its name would silently have its default.
 */
export const unknownVariables = (names: readonly string[], known: readonly string[]): readonly string[] =>
  names
    .filter((name) => /^(LONGSHORE|OSS)_/.test(name) && !known.includes(name) && !ofOthers.includes(name))
    .filter((name) => !ofServiceLinks.test(name))
    .sort()
    .map((name) => {
      const [nearest = '', off = mostDistance + 1] = known
        .map((one) => [one, distance(name, one)] as const)
        .reduce((best, other) => (other[1] < best[1] ? other : best))
      const hint = off <= mostDistance ? `; is ${nearest} meant?` : '; longshore serve --help lists them'
      return `${name} is not a setting and has no effect${hint}`
    })
