import type { Job } from './job.js'

/**
 * What in a daemon keeps jobs from moving although it is their turn: the database takes no writes, there are no keys to
 * sign with, nothing is sent to their endpoint and bucket, everything is being paused, the node that sees their source is
 * away. None of it is stored with a job,
 * because it is true of many jobs at once and ends for all of them at the same time.
 */
export type Obstacle = 'storage' | 'credentials' | 'endpoint' | 'node' | 'pausing'

/** Nothing that is stored says that the job has to wait. */
const isReady = ({ state, waiting }: Job): boolean => state === 'queued' && waiting === null

/**
 * Returns the job as it reads behind an obstacle. A job that waits for a reason of its own goes on to wait for that one. A
 * running job stops only when the database fails, because then nothing of what it does can be committed. A pause of
 * everything shows in the states of the jobs themselves.
 */
export const behindObstacle = (job: Job, obstacle: Obstacle | null): Job => {
  if (obstacle === null || obstacle === 'pausing') return job
  if (obstacle === 'storage' && job.state === 'running') return { ...job, state: 'queued', waiting: 'storage' }
  return isReady(job) ? { ...job, waiting: obstacle } : job
}
