import { describe, expect, it } from 'vitest'
import {
  filterQuery,
  groupOf,
  jobHash,
  jobsHash,
  matchesFilter,
  noFilter,
  parseRoute,
  stateGroups,
} from '../../src/dashboard/state/route.js'
import { jobView } from '../http/harness.js'

describe('the address of the page', () => {
  it.each(['', '#', '#/', '#/jobs', '#/nonsense', '#/jobs?state=nonsense'])('%s shows all jobs', (hash) => {
    expect(parseRoute(hash)).toEqual({ page: 'jobs', filter: noFilter })
  })

  it('keeps a whole filter', () => {
    const filter = { states: stateGroups.active, bucket: 'media', label: 'run=4 & 2=#?', batch: 'b-1' }
    expect(parseRoute(jobsHash(filter))).toEqual({ page: 'jobs', filter })
  })

  it('keeps a job, whatever its id', () => {
    expect(parseRoute(jobHash('a/b?c#d%'))).toEqual({ page: 'job', id: 'a/b?c#d%' })
    expect(parseRoute('#/jobs/%E0%A4%A')).toEqual({ page: 'job', id: '%E0%A4%A' })
    expect(parseRoute('#/batches')).toEqual({ page: 'batches' })
  })

  it('asks the daemon for what it shows', () => {
    expect(filterQuery({ ...noFilter, states: ['failed', 'paused'], label: 'run=42' })).toBe(
      'state=failed%2Cpaused&label=run%3D42',
    )
    expect(jobsHash(noFilter)).toBe('#/jobs')
  })

  it('knows the groups of states in any order', () => {
    expect(groupOf(['cancelling', 'completing', 'running'])).toBe('active')
    expect(groupOf([])).toBe('all')
    expect(groupOf(['running'])).toBeNull()
  })
})

describe('a filter', () => {
  const job = jobView({ labels: { run: '42', note: 'a=b' }, batchId: 'b-1' })

  it.each([
    [{}, true],
    [{ states: ['queued'] as const }, true],
    [{ states: ['failed'] as const }, false],
    [{ bucket: 'media' }, true],
    [{ bucket: 'med' }, false],
    [{ batch: 'b-1' }, true],
    [{ batch: 'b-2' }, false],
    [{ label: 'run' }, true],
    [{ label: 'run=42' }, true],
    [{ label: 'run=4' }, false],
    [{ label: 'note=a=b' }, true],
    [{ label: 'toString' }, false],
    [{ label: 'run=42', bucket: 'other' }, false],
  ])('%o keeps the job: %s', (filter, kept) => {
    expect(matchesFilter({ ...noFilter, ...filter }, job)).toBe(kept)
  })
})
