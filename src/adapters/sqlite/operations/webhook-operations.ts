import { newestFirst } from '../../../core/keyset-page.js'
import type { Webhook, WebhookState, WebhookVerdict } from '../../../core/webhook.js'
import type { DueWebhook } from '../../../ports/webhooks.js'
import type { JobWriter } from '../jobs/job-writer.js'
import { pageOf } from '../jobs/page.js'
import type { Operations } from '../thread/protocol.js'

/** This is a row of `webhooks`. */
interface WebhookRow {
  readonly n: number
  readonly job_id: string
  readonly type: string
  readonly url: string
  readonly host: string
  readonly body: string
  readonly state: WebhookState
  readonly attempts: number
  readonly created_at: number
  readonly began_at: number
  readonly due_at: number | null
  readonly attempted_at: number | null
  readonly status: number | null
  readonly reason: string | null
}

const webhookOf = (row: WebhookRow, instance: string): Webhook => ({
  id: `${instance}-${row.n}`,
  jobId: row.job_id,
  type: row.type,
  url: row.url,
  state: row.state,
  attempts: row.attempts,
  createdAt: row.created_at,
  beganAt: row.began_at,
  dueAt: row.due_at,
  attemptedAt: row.attempted_at,
  status: row.status,
  reason: row.reason,
})

const dueAtOf = (verdict: WebhookVerdict, at: number): number | null =>
  verdict.to === 'pending' ? at + verdict.delayMs : null

/** Creates the operations of the outbox of webhooks, which job-writer.ts fills. */
export const createWebhookOperations = (writer: JobWriter) => {
  const { statements, instance } = writer

  const numberOf = (id: string): number | null => {
    const [, number] = id.match(/^[0-9a-f]{8}-([1-9]\d{0,14})$/) ?? []
    return number === undefined || !id.startsWith(`${instance}-`) ? null : Number(number)
  }

  /** Yields every host with pending messages, in turn, beginning behind one of them. */
  function* hostsBehind(first: string): Generator<string> {
    const next = (host: string): string | undefined =>
      (statements.nextWebhookHost.get(host) as { host: string } | undefined)?.host
    let passedTheEnd = false
    for (let host = next(first); ; host = next(host)) {
      if (host === undefined) {
        if (passedTheEnd) return
        passedTheEnd = true
        host = next('')
      }
      if (host === undefined || (passedTheEnd && host > first)) return
      yield host
    }
  }

  return {
    dueWebhooks: (at, { limit, perHost, quotas, afterHost }) => {
      const quotaOf = new Map(quotas.map(({ host, limit: own }) => [host, own]))
      const items: DueWebhook[] = []
      let nextDueInMs: number | null = null
      for (const host of hostsBehind(afterHost)) {
        const quota = quotaOf.get(host) ?? perHost
        if (quota === 0) continue
        const rows = statements.pendingOfHost.all({
          host,
          limit: Math.min(quota, limit - items.length),
        }) as WebhookRow[]
        for (const row of rows) {
          const dueInMs = row.due_at === null ? 0 : row.due_at - at
          const triedForMs = at - row.began_at
          if (dueInMs <= 0) items.push({ ...webhookOf(row, instance), host, body: row.body, triedForMs })
          else nextDueInMs = Math.min(nextDueInMs ?? dueInMs, dueInMs)
        }
        if (items.length === limit) break
      }
      return { items, nextDueInMs }
    },

    noteWebhook: (at, id, { status, reason }, verdict) => {
      const n = numberOf(id)
      if (n === null) return
      statements.noteWebhook.run({ n, at, status, reason, state: verdict.to, due_at: dueAtOf(verdict, at) })
      statements.forgetWebhookOfGoneJob.run(n)
    },

    expireWebhooks: (at, triedForMs, limit) =>
      statements.expireWebhooks.run({ before: at - triedForMs, limit }).changes,

    webhooks: (_at, { jobId, state }, request) => {
      const { webhooksOfJob, webhooksOfState, webhooksOfAll } = statements
      const query = jobId !== undefined ? webhooksOfJob : state !== undefined ? webhooksOfState : webhooksOfAll
      return pageOf(
        writer,
        {
          list: 'webhooks',
          first: newestFirst,
          positionOf: ({ n }) => n,
          itemOf: (row: WebhookRow) => webhookOf(row, instance),
          rowsBehind: (before, limit) =>
            query.all({ before, limit, jobId: jobId ?? null, state: state ?? null }) as WebhookRow[],
        },
        request,
      )
    },

    redeliverWebhook: (at, id) => {
      const n = numberOf(id)
      if (n === null) return null
      statements.redeliverWebhook.run({ n, at })
      const row = statements.webhookByNumber.get(n) as WebhookRow | undefined
      return row === undefined ? null : webhookOf(row, instance)
    },
  } satisfies Partial<Operations>
}
