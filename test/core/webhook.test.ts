import { describe, expect, it } from 'vitest'
import { judgeWebhook, viewWebhook, webhookDelayMs, webhookPatienceMs } from '../../src/core/webhook.js'

const answer = (status: number | null, retryAfterMs: number | null = null) => ({ status, reason: 'x', retryAfterMs })
const fresh = { attempts: 0, triedForMs: 1000 }

describe('what becomes of a webhook after a try', () => {
  it.each([200, 201, 204, 299])('is delivery at %d', (status) => {
    expect(judgeWebhook(fresh, answer(status), 0)).toEqual({ to: 'delivered' })
  })

  it.each([null, 301, 400, 404, 429, 500, 503])('is another try at %s', (status) => {
    expect(judgeWebhook(fresh, answer(status), 0.5)).toEqual({ to: 'pending', delayMs: 5000 })
  })

  it('is the end when the receiver is gone for good', () => {
    expect(judgeWebhook(fresh, answer(410), 0)).toEqual({ to: 'failed' })
  })

  it('waits as long as the receiver asks, within bounds', () => {
    expect(judgeWebhook(fresh, answer(503, 60_000), 0)).toEqual({ to: 'pending', delayMs: 60_000 })
    expect(judgeWebhook(fresh, answer(503, 1e9), 0)).toEqual({ to: 'pending', delayMs: 3 * 3_600_000 })
  })

  it('ends when the next try would come after three days', () => {
    const late = webhookPatienceMs - 1000
    expect(judgeWebhook({ attempts: 0, triedForMs: late }, answer(500), 0)).toEqual({ to: 'failed' })
    expect(judgeWebhook({ attempts: 0, triedForMs: 0 }, answer(500), 0)).toMatchObject({ to: 'pending' })
  })
})

describe('the waits between tries', () => {
  it('grow from five seconds to three hours', () => {
    const waits = Array.from({ length: 12 }, (_, index) => webhookDelayMs(index + 1, 0.5) / 1000)
    expect(waits.slice(0, 4)).toEqual([5, 15, 45, 135])
    expect(waits.at(-1)).toBe(3 * 3600)
    expect(webhookDelayMs(500, 0.5)).toBe(3 * 3_600_000)
  })

  it('spread by a fifth to either side', () => {
    expect(webhookDelayMs(1, 0)).toBe(4000)
    expect(webhookDelayMs(1, 0.9999)).toBe(6000)
  })
})

describe('the view of a webhook', () => {
  it('keeps the query of its URL to itself', () => {
    const view = viewWebhook({
      id: 'a-1',
      jobId: 'j',
      type: 'job.failed',
      url: 'https://receiver.example:8443/hooks?token=secret#part',
      state: 'failed',
      attempts: 1,
      createdAt: 0,
      beganAt: 0,
      dueAt: null,
      attemptedAt: 1,
      status: null,
      reason: 'no answer',
    })
    expect(view.url).toBe('https://receiver.example:8443/hooks')
    expect(JSON.stringify(view)).not.toContain('secret')
    expect(view.lastAttempt).toEqual({ at: '1970-01-01T00:00:00.001Z', status: null, reason: 'no answer' })
  })
})
