import type { Webhook } from '../../src/core/webhook.js'
import type { DueWebhook, WebhookStore } from '../../src/ports/webhooks.js'
import type { MemoryJobs } from './memory-jobs.js'
import type { MemoryOperations } from './memory-operations.js'

type Row = Omit<DueWebhook, 'dueAt' | 'triedForMs'> & { readonly seq: number; dueAt: number | null }

/** Creates the outbox of the memory store. `added` is called when a message was put into it. */
export const createMemoryWebhooks = ({ now, row: rowOfJob, pages, followers }: MemoryJobs, added: () => void) => {
  let rows: Row[] = []

  const shown = ({ seq: _seq, host: _host, body: _body, ...webhook }: Row): Webhook => webhook
  const change = (id: string, next: (row: Row) => Row): void => {
    rows = rows.map((row) => (row.id === id ? next(row) : row))
  }
  const forget = (): void => {
    rows = rows.filter((row) => row.state === 'pending' || rowOfJob(row.jobId) !== undefined)
  }

  followers.push({
    told(id, jobId, message) {
      const at = now()
      const tries = { state: 'pending', attempts: 0, attemptedAt: null, status: null, reason: null } as const
      const seq = Number(id.split('-').at(-1))
      rows.push({ ...message, ...tries, seq, id, jobId, createdAt: at, beganAt: at, dueAt: at })
      added()
    },
    removed: forget,
  })

  const operations: Pick<MemoryOperations, keyof WebhookStore> = {
    dueWebhooks({ limit, perHost, quotas, afterHost }) {
      const pending = rows.filter(({ dueAt }) => dueAt !== null)
      const names = [...new Set(pending.map(({ host }) => host))].sort()
      const inTurn = [...names.filter((name) => name > afterHost), ...names.filter((name) => name <= afterHost)]
      const items: DueWebhook[] = []
      let nextDueInMs: number | null = null
      for (const name of inTurn) {
        const quota = quotas.find(({ host }) => host === name)?.limit ?? perHost
        const own = pending.filter(({ host }) => host === name).sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))
        for (const { seq: _, ...row } of own.slice(0, Math.min(quota, limit - items.length))) {
          const dueInMs = (row.dueAt ?? 0) - now()
          if (dueInMs <= 0) items.push({ ...row, triedForMs: now() - row.beganAt })
          else nextDueInMs = Math.min(nextDueInMs ?? dueInMs, dueInMs)
        }
      }
      return { items, nextDueInMs }
    },
    noteWebhook(id, { status, reason }, verdict) {
      change(id, (row) => {
        if (row.state !== 'pending') return row
        const dueAt = verdict.to === 'pending' ? now() + verdict.delayMs : null
        return { ...row, state: verdict.to, dueAt, attempts: row.attempts + 1, attemptedAt: now(), status, reason }
      })
      forget()
    },
    expireWebhooks(triedForMs, limit) {
      const old = rows
        .filter((row) => row.state === 'pending' && row.beganAt < now() - triedForMs)
        .sort((a, b) => a.beganAt - b.beganAt)
        .slice(0, limit)
      for (const { id } of old) change(id, (row) => ({ ...row, state: 'failed', dueAt: null }))
      return old.length
    },
    webhooks({ jobId, state }, request) {
      const found = rows.filter((row) => (jobId ?? row.jobId) === row.jobId && (state ?? row.state) === row.state)
      return pages.newest('webhooks', found, request, shown)
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
    clockMoved(by: number): void {
      for (const { id, dueAt } of rows) {
        if (dueAt !== null) change(id, (row) => ({ ...row, dueAt: dueAt + by, beganAt: row.beganAt + by }))
      }
    },
  }
}
