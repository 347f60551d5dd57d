import { describe, expect, it } from 'vitest'
import { type Course, metOf, passOver, takeStep } from '../../src/core/bulk-course.js'

const course = (changes: Partial<Course> = {}): Course => ({ after: 0, last: 9, passed: [], awaited: [], ...changes })

const setup = (seqs: readonly number[], changes: Partial<Parameters<typeof takeStep<{ seq: number }>>[1]> = {}) => {
  const met: number[] = []
  const found = seqs.map((seq) => ({ seq }))
  const stretch = {
    found,
    limit: 3,
    isMatching: () => true,
    isKnown: () => true,
    meet: ({ seq }: { seq: number }) => {
      met.push(seq)
      return false
    },
    rowOf: (seq: number) => ({ seq }),
    ...changes,
  }
  return { met, stretch }
}

describe('the course of a verb for many jobs', () => {
  it('goes on behind the last job of a full step', () => {
    const { met, stretch } = setup([1, 4, 6])
    expect(takeStep(course(), stretch)).toEqual({ course: course({ after: 6 }), left: 'more' })
    expect(met).toEqual([1, 4, 6])
  })

  it('is over when a step finds fewer jobs than it may meet', () => {
    const { stretch } = setup([1, 4])
    expect(takeStep(course({ passed: [7] }), stretch)).toEqual({ course: course({ after: 9 }), left: 'over' })
  })

  it('meets no job that was passed over, and none that does not match', () => {
    const { met, stretch } = setup([1, 2, 3], { isMatching: ({ seq }) => seq !== 3 })
    expect(takeStep(course({ passed: [2, 8] }), stretch)).toEqual({
      course: course({ after: 3, passed: [8] }),
      left: 'more',
    })
    expect(met).toEqual([1])
    expect(metOf(course({ passed: [2] }), stretch)).toEqual([{ seq: 1 }])
  })

  it('ends a step before the first job whose source nobody has looked at', () => {
    const { met, stretch } = setup([1, 2], { isKnown: ({ seq }) => seq !== 2 })
    expect(takeStep(course(), stretch)).toEqual({ course: course({ after: 1 }), left: 'more' })
    expect(met).toEqual([1])
    expect(takeStep(course({ after: 1 }), { ...stretch, found: [{ seq: 2 }] }).course).toEqual(course({ after: 1 }))
  })

  it('does not stop at a job that it is not to meet anyway', () => {
    const { stretch } = setup([1, 2], { isKnown: ({ seq }) => seq !== 2 })
    expect(takeStep(course({ passed: [2] }), stretch).left).toBe('over')
  })

  it('comes back to the jobs that it awaits until none of them is left', () => {
    let completing = [1, 2]
    const { stretch } = setup([1, 2], { meet: ({ seq }) => completing.includes(seq) })
    const first = takeStep(course(), stretch)
    expect(first).toEqual({ course: course({ after: 9, awaited: [1, 2] }), left: 'again' })
    completing = [2]
    const later = { ...stretch, found: [] }
    expect(takeStep(first.course, { ...later, rowOf: (seq) => (seq === 2 ? undefined : { seq }) }).left).toBe('over')
    expect(takeStep(first.course, later)).toEqual({ course: course({ after: 9, awaited: [2] }), left: 'again' })
  })

  it('passes over a job that something else was asked of', () => {
    expect(passOver(course({ after: 3 }), 5)).toEqual(course({ after: 3, passed: [5] }))
    expect(passOver(course({ after: 9, awaited: [2, 4] }), 4)).toEqual(course({ after: 9, awaited: [2] }))
    const behind = course({ after: 5, passed: [7] })
    for (const seq of [4, 7, 10]) expect(passOver(behind, seq)).toBe(behind)
  })
})
