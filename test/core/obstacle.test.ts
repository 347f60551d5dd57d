import { describe, expect, it } from 'vitest'
import type { Job } from '../../src/core/job.js'
import { behindObstacle, type Obstacle } from '../../src/core/obstacle.js'

type Place = Pick<Job, 'state' | 'waiting'>

/** Returns the parts of a job that the law looks at. */
const job = (state: Job['state'], waiting: Job['waiting'] = null): Job => ({ state, waiting }) as Job

const seen = (place: Place, obstacle: Obstacle | null): Place =>
  behindObstacle(job(place.state, place.waiting), obstacle)

describe('a job behind an obstacle', () => {
  it.each(['storage', 'credentials', 'endpoint'] as const)(
    'reads as waiting for %s when it is its turn',
    (obstacle) => {
      expect(seen(job('queued'), obstacle)).toEqual({ state: 'queued', waiting: obstacle })
    },
  )

  it('reads as it is stored when nothing is in the way, or everything is being paused', () => {
    for (const place of [job('queued'), job('running'), job('queued', 'backoff')]) {
      expect(seen(place, null)).toEqual(place)
      expect(seen(place, 'pausing')).toEqual(place)
    }
  })

  it('reads as queued when the database fails under its run, and as running behind anything else', () => {
    expect(seen(job('running'), 'storage')).toEqual({ state: 'queued', waiting: 'storage' })
    expect(seen(job('running'), 'endpoint')).toEqual({ state: 'running', waiting: null })
    expect(seen(job('running'), 'credentials')).toEqual({ state: 'running', waiting: null })
  })

  it('keeps a reason of its own, and any state that no run is to take up', () => {
    for (const place of [
      job('queued', 'notBefore'),
      job('paused'),
      job('completing'),
      job('cancelling'),
      job('failed'),
    ]) {
      for (const obstacle of ['storage', 'credentials', 'endpoint'] as const)
        expect(seen(place, obstacle)).toEqual(place)
    }
  })
})
