import { describe, expect, it } from 'vitest'
import { anybody } from '../../../src/core/caller.js'
import { verbs } from '../../../src/core/verb.js'
import { bulkVerbView, createHarness } from '../harness.js'

const setup = createHarness

describe.each(verbs)('POST /v1/jobs/%s', (verb) => {
  it('answers 202 with the verb, where it can be looked at', async () => {
    const { app, verbs: given } = await setup()
    const answer = await app.inject({ method: 'POST', url: `/v1/jobs/${verb}` })
    expect(answer.statusCode).toBe(202)
    expect(answer.json()).toEqual(bulkVerbView)
    expect(answer.headers.location).toBe('/v1/verbs/v-3')
    expect(given.calls).toEqual([[verb, {}, anybody]])
  })

  it('takes the filters of the list', async () => {
    const { app, verbs: given } = await setup()
    const query = 'state=failed,paused&bucket=b&batch=b-1&label=run%3D1&label=keep&source=/srv/in/'
    expect((await app.inject({ method: 'POST', url: `/v1/jobs/${verb}?${query}` })).statusCode).toBe(202)
    const filter = {
      states: ['failed', 'paused'],
      bucket: 'b',
      batchId: 'b-1',
      labels: [
        { key: 'run', value: '1' },
        { key: 'keep', value: null },
      ],
      source: '/srv/in/',
    }
    expect(given.calls).toEqual([[verb, filter, anybody]])
  })

  it.each(['batch=', 'bucket=', 'label=', 'state=', 'state=lost', 'q=a', 'lable=a'])(
    'refuses %s, so that a slip does not reach everything',
    async (query) => {
      const { app, verbs: given } = await setup()
      expect((await app.inject({ method: 'POST', url: `/v1/jobs/${verb}?${query}` })).statusCode).toBe(400)
      expect(given.calls).toEqual([])
    },
  )
})

describe('GET /v1/verbs', () => {
  it('lists them, and shows one', async () => {
    const { app } = await setup()
    expect((await app.inject('/v1/verbs')).json()).toEqual({ items: [bulkVerbView], nextCursor: null })
    expect((await app.inject('/v1/verbs/v-3')).json()).toEqual(bulkVerbView)
    const missing = await app.inject('/v1/verbs/v-4')
    expect([missing.statusCode, missing.json().code]).toEqual([404, 'verb_not_found'])
  })
})
