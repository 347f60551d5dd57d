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
  readonly epoch: number
  readonly lease_until: number | null
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

  const take = (row: WebhookRow, at: number, leaseMs: number): DueWebhook => {
    statements.takeWebhook.run({ n: row.n, until: at + leaseMs })
    const { host, body, epoch, began_at } = row
    return { ...webhookOf(row, instance), host, body, epoch: epoch + 1, triedForMs: at - began_at }
  }

  return {
    takeWebhooks: (at, { leaseMs, limit, perHost, quotas, afterHost }) => {
      const quotaOf = new Map(quotas.map(({ host, limit: own }) => [host, own]))
      const items: DueWebhook[] = []
      let nextDueInMs: number | null = null
      for (const host of hostsBehind(afterHost)) {
        const quota = quotaOf.get(host) ?? perHost
        if (quota === 0) continue
        for (const row of statements.pendingOfHost.all({ host, limit: quota }) as WebhookRow[]) {
          const freeInMs = Math.max(row.due_at ?? at, row.lease_until ?? at) - at
          if (freeInMs > 0) nextDueInMs = Math.min(nextDueInMs ?? freeInMs, freeInMs)
          else if (items.length < limit) items.push(take(row, at, leaseMs))
        }
        if (items.length === limit) break
      }
      return { items, nextDueInMs }
    },

    noteWebhook: (at, { id, epoch }, { status, reason }, verdict) => {
      const n = numberOf(id)
      if (n === null) return
      statements.noteWebhook.run({ n, epoch, at, status, reason, state: verdict.to, due_at: dueAtOf(verdict, at) })
      statements.forgetWebhookOfGoneJob.run(n)
    },

    releaseWebhooks: (_at, taken) => {
      for (const { id, epoch } of taken) {
        const n = numberOf(id)
        if (n !== null) statements.releaseWebhook.run({ n, epoch })
      }
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
