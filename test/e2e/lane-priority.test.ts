import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createWorld, type World } from './world.js'

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.end())

/** Returns the nice values of all threads of a process, in order. */
const niceValuesOf = (pid: number): number[] =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      // The name before the last parenthesis may hold anything. Behind it, the nice value is field 17.
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
    })
    .sort((a, b) => a - b)

describe('the priority of lanes', () => {
  it.each([
    ['2 without a setting', {}, [2, 2]],
    ['what the setting says', { LONGSHORE_LANE_NICE: '7' }, [7, 7]],
    ['not lowered by 0', { LONGSHORE_LANE_NICE: '0' }, []],
  ])('is %s, and that of all other threads stays', async (_name, settings, lowered) => {
    const daemon = await world.start({ ...settings, LONGSHORE_LANES: '2' })
    const own = niceValuesOf(process.pid)[0] ?? 0
    const added = niceValuesOf(daemon.pid).map((nice) => nice - own)
    expect(added.filter((nice) => nice > 0)).toEqual(lowered)
    // The threads of libuv, which read sources, are among the others.
    expect(added.filter((nice) => nice === 0).length).toBeGreaterThan(64)
    daemon.kill('SIGTERM')
    await daemon.exited
  })
})
