import type { WebhookMessage } from '../../src/core/job-changes.js'
import type { Webhook } from '../../src/core/webhook.js'
import type { DueWebhook, WebhookStore } from '../../src/ports/webhooks.js'
import type { MemoryOperations } from './memory-operations.js'
import type { createMemoryPages } from './memory-pages.js'

interface Deps {
  now(): number
  hasJob(jobId: string): boolean
  readonly pages: ReturnType<typeof createMemoryPages>
}

type Row = Omit<DueWebhook, 'dueAt' | 'triedForMs'> & { readonly place: number; dueAt: number | null }

/** Creates the outbox of the memory store. */
export const createMemoryWebhooks = ({ now, hasJob, pages: { pageOf, startOf } }: Deps) => {
  let rows: Row[] = []

  const shown = ({ place: _place, host: _host, body: _body, ...webhook }: Row): Webhook => webhook
  const change = (id: string, next: (row: Row) => Row): void => {
    rows = rows.map((row) => (row.id === id ? next(row) : row))
  }
  const isLeft = (row: Row): boolean => row.state === 'pending' || hasJob(row.jobId)

  const operations: Pick<MemoryOperations, keyof WebhookStore> = {
    dueWebhooks({ limit, perHost, quotas, afterHost }) {
      const pending = rows.filter(({ dueAt }) => dueAt !== null)
      const names = [...new Set(pending.map(({ host }) => host))].sort()
      const inTurn = [...names.filter((name) => name > afterHost), ...names.filter((name) => name <= afterHost)]
      const items: Row[] = []
      let nextDueInMs: number | null = null
      for (const name of inTurn) {
        const quota = quotas.find(({ host }) => host === name)?.limit ?? perHost
        const own = pending.filter(({ host }) => host === name).sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))
        for (const row of own.slice(0, Math.min(quota, limit - items.length))) {
          const dueInMs = (row.dueAt ?? 0) - now()
          if (dueInMs <= 0) items.push(row)
          else nextDueInMs = Math.min(nextDueInMs ?? dueInMs, dueInMs)
        }
      }
      const due = items.map(({ place: _place, ...row }) => ({ ...row, triedForMs: now() - row.beganAt }))
      return { items: due, nextDueInMs }
    },
    noteWebhook(id, { status, reason }, verdict) {
      change(id, (row) => {
        if (row.state !== 'pending') return row
        const dueAt = verdict.to === 'pending' ? now() + verdict.delayMs : null
        return { ...row, state: verdict.to, dueAt, attempts: row.attempts + 1, attemptedAt: now(), status, reason }
      })
      rows = rows.filter(isLeft)
    },
    expireWebhooks(triedForMs, limit) {
      const before = now() - triedForMs
      const old = rows
        .filter((row) => row.state === 'pending' && row.beganAt < before)
        .sort((a, b) => a.beganAt - b.beganAt)
        .slice(0, limit)
      for (const { id } of old) change(id, (row) => ({ ...row, state: 'failed', dueAt: null }))
      return old.length
    },
    webhooks({ jobId, state }, { limit, cursor }) {
      const before = startOf('webhooks', cursor, Number.MAX_SAFE_INTEGER)
      const found = rows
        .filter((row) => row.place < before)
        .filter((row) => jobId === undefined || row.jobId === jobId)
        .filter((row) => state === undefined || row.state === state)
        .reverse()
      const page = pageOf('webhooks', found, limit, ({ place }) => place)
      return { items: page.items.map(shown), nextCursor: page.nextCursor }
    },
    redeliverWebhook(id) {
      change(id, (row) => ({ ...row, state: 'pending', dueAt: now(), beganAt: now(), attempts: 0 }))
      const row = rows.find((candidate) => candidate.id === id)
      return row === undefined ? null : shown(row)
    },
  }

  return {
    operations,
    all: (): readonly Webhook[] => rows,
    /** This is called when an event was appended. */
    told(id: string, jobId: string, message: WebhookMessage): void {
      const at = now()
      const tries = { state: 'pending', attempts: 0, attemptedAt: null, status: null, reason: null } as const
      const place = Number(id.split('-').at(-1))
      rows.push({ ...message, ...tries, place, id, jobId, createdAt: at, beganAt: at, dueAt: at })
    },
    jobGone: (): void => {
      rows = rows.filter(isLeft)
    },
    clockMoved(by: number): void {
      for (const { id, dueAt } of rows) {
        if (dueAt !== null) change(id, (row) => ({ ...row, dueAt: dueAt + by, beganAt: row.beganAt + by }))
      }
    },
  }
}
