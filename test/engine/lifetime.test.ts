import { describe, expect, it } from 'vitest'
import { createLifetime } from '../../src/engine/async/lifetime.js'

const setup = () => {
  const life = createLifetime()
  const ended: string[] = []
  const begin = (name: string, error?: Error): string =>
    life.own(name, async (begun) => {
      await new Promise(setImmediate)
      ended.push(begun)
      if (error !== undefined) throw error
    })
  return { life, ended, begin }
}

describe('a lifetime', () => {
  it('ends what it owns one after the other, the latest first, and once', async () => {
    const { life, ended, begin } = setup()
    for (const name of ['store', 'lanes', 'server']) begin(name)
    await Promise.all([life.end(), life.end()])
    expect(ended).toEqual(['server', 'lanes', 'store'])
  })

  it('leaves nothing behind of a start that fails at any step', async () => {
    const names = ['store', 'lanes', 'server', 'agents']
    for (let failing = 0; failing <= names.length; failing++) {
      const { life, ended, begin } = setup()
      const start = life.start(async () => {
        for (const [at, name] of names.entries()) {
          if (at === failing) throw new Error(`${name} cannot begin`)
          begin(name)
        }
        return 'started'
      })
      if (failing === names.length) expect(await start).toBe('started')
      else await expect(start).rejects.toThrow(`${names[failing]} cannot begin`)
      expect(ended).toEqual(failing === names.length ? [] : names.slice(0, failing).reverse())
    }
  })

  it('runs every end behind one that throws, and throws the first error', async () => {
    const { life, ended, begin } = setup()
    begin('store')
    begin('lanes', new Error('of the lanes'))
    begin('server', new Error('of the server'))
    await expect(life.end()).rejects.toThrow('of the server')
    expect(ended).toEqual(['server', 'lanes', 'store'])
  })
})
