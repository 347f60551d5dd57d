/**
 * This says how far a verb has come. It meets the jobs in the order in which they were made, and the numbers are those
 * of the jobs.
 */
export interface Course {
  readonly after: number
  /** The verb is not meant for jobs that were made later. */
  readonly last: number
  /**
   * These jobs lie ahead and are not to be met, because they were met before their turn, or something else was asked of
   * them since.
   */
  readonly passed: readonly number[]
  /** These jobs were completing when they were met, and may come back to the queue. */
  readonly awaited: readonly number[]
}

/**
 * Says what is left of a verb that is not over. It is `going` from job to job, or `awaiting` jobs that were completing
 * once it has met every job, or `resting` for as long as its batch is paused.
 */
export type VerbStanding = 'going' | 'awaiting' | 'resting'

export const standingOf = ({ after, last, awaited }: Course, isResting: boolean): VerbStanding => {
  if (isResting) return 'resting'
  return after >= last && awaited.length > 0 ? 'awaiting' : 'going'
}

/**
 * Returns the course after something else was asked of one job. It is the same object when the verb does not meet that
 * job any more.
 */
export const passOver = (course: Course, seq: number): Course => {
  const { after, last, passed, awaited } = course
  const isAhead = seq > after && seq <= last && !passed.includes(seq)
  if (!isAhead && !awaited.includes(seq)) return course
  return { ...course, passed: isAhead ? [...passed, seq] : passed, awaited: awaited.filter((one) => one !== seq) }
}

/** This is what one step of a verb finds in its way. A row stands for a job. */
export interface Stretch<Row extends { readonly seq: number }> {
  /** The next rows in the states that the verb reaches, at most `limit`. */
  readonly found: readonly Row[]
  readonly limit: number
  isMatching(row: Row): boolean
  /** Returns whether everything is known of the job that the verb needs to meet it. */
  isKnown(row: Row): boolean
  /** Lets the verb meet the job, and returns whether the job has to be awaited. */
  meet(row: Row): boolean
  /** Returns the row of a job that was awaited, as it is now; undefined when the job is gone. */
  rowOf(seq: number): Row | undefined
}

/** Returns the rows of a stretch that the verb is to meet. */
export const metOf = <Row extends { readonly seq: number }>(
  course: Course,
  { found, isMatching }: Pick<Stretch<Row>, 'found' | 'isMatching'>,
): readonly Row[] => {
  const passed = new Set(course.passed)
  return found.filter((row) => !passed.has(row.seq) && isMatching(row))
}

/**
 * Takes one step of a verb. The step ends before the first job of which too little is known. At the end of its way the
 * verb meets the jobs again that it awaits. `again` says that some of them are left, and `over` that nothing is left.
 */
export const takeStep = <Row extends { readonly seq: number }>(
  course: Course,
  stretch: Stretch<Row>,
): { readonly course: Course; readonly left: 'more' | 'again' | 'over' } => {
  const { found, limit, isKnown, meet, rowOf } = stretch
  const unknown = metOf(course, stretch).find((row) => !isKnown(row))
  const reached = unknown === undefined ? found : found.slice(0, found.indexOf(unknown))
  const newly = metOf(course, { ...stretch, found: reached }).filter(meet)
  const awaited = [...course.awaited, ...newly.map(({ seq }) => seq)]
  const isAtEnd = unknown === undefined && found.length < limit
  const after = isAtEnd ? course.last : (reached.at(-1)?.seq ?? course.after)
  const next = { ...course, after, passed: course.passed.filter((seq) => seq > after) }
  if (!isAtEnd) return { course: { ...next, awaited }, left: 'more' }
  const still = awaited.filter((seq) => {
    const row = rowOf(seq)
    return row !== undefined && meet(row)
  })
  return { course: { ...next, awaited: still }, left: still.length > 0 ? 'again' : 'over' }
}
