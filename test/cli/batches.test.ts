import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createBatch } from '../../src/core/batch.js'
import { answerBatch, type BatchAnswer } from '../../src/core/batch-view.js'
import { batchRequest } from '../contract/store-batch-setup.js'
import { cli } from './run-cli.js'

const problem = { path: '/srv/in/a\nb', code: 'key_invalid', message: 'no', jobId: null } as const

const batchView = (changes: Partial<BatchAnswer> = {}): BatchAnswer => ({
  ...answerBatch({ ...createBatch(batchRequest('b-1'), 0), problems: 1, walk: 'done' }, [problem]),
  ...changes,
})

/** Answers one batch, or a status alone, after the other to every request, and the last of them forever. */
const setup = async (...answers: (BatchAnswer | number)[]) => {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (typeof answer === 'number') return void response.writeHead(answer, { 'retry-after': '0' }).end()
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, env: { LONGSHORE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } }
}

describe('the commands for batches', () => {
  it.each(['pause', 'resume', 'cancel', 'retry'])('%s goes to the batch', async (verb) => {
    const { asked, env } = await setup(batchView())
    expect(await cli([verb, 'b-1'], env)).toMatchObject({ code: 0, text: 'b-1  running\n' })
    expect(asked).toEqual([`POST /v1/batches/b-1/${verb}`])
  })

  it('show says where it comes from, how far it is and what was left out, safely', async () => {
    const { env } = await setup(batchView())
    const { text } = await cli(['show', 'b-1'], env)
    expect(text).toContain('source    /srv/in\n')
    expect(text).toContain('target    oss://bucket-a/dir/\n')
    expect(text).toContain('0 of 0 files, 0 B of 0 B, 1 left out\n')
    expect(text).toMatch(/problem {3}\/srv\/in\/a\S+b: no \(key_invalid\)\n/)
  })

  it('watch follows the totals until the batch is settled, and tells by its exit code', async () => {
    const finishedAt = '2026-01-01T00:00:00.000Z'
    const totals = { ...batchView().totals, jobs: 2 }
    const { env } = await setup(
      batchView({ totals }),
      batchView({ totals }),
      batchView({ totals: { ...totals, completed: 1, failed: 1 }, state: 'failed', finishedAt }),
    )
    const { code, text } = await cli(['watch', 'b-1'], env)
    expect([code, text.trimEnd().split('\n')]).toEqual([
      1,
      [
        'b-1  running  0 of 2 files, 0 B of 0 B, 1 left out',
        'b-1  failed  2 of 2 files, 0 B of 0 B, 1 failed, 1 left out',
      ],
    ])
  })

  it('watch outlives a proxy whose daemon restarts, and a daemon that asks to slow down', async () => {
    const finishedAt = '2026-01-01T00:00:00.000Z'
    const { env } = await setup(batchView(), 502, 429, batchView({ state: 'completed', finishedAt }))
    const { code, errors } = await cli(['watch', 'b-1'], env)
    expect(code).toBe(0)
    expect(errors).toContain('the daemon is not answering')
    expect(errors).toContain('the daemon is back')
  })
})
