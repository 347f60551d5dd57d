import type { Webhook } from '../../src/core/webhook.js'
import type { DueWebhook, TakenWebhook, WebhookStore } from '../../src/ports/webhooks.js'
import type { MemoryJobs } from './memory-jobs.js'
import type { MemoryOperations } from './memory-operations.js'

type Row = Omit<DueWebhook, 'triedForMs'> & { readonly seq: number; readonly leaseUntil: number | null }

/** Creates the outbox of the memory store. `added` is called when a message was put into it. */
export const createMemoryWebhooks = ({ now, row: rowOfJob, pages, followers }: MemoryJobs, added: () => void) => {
  let rows: Row[] = []

  const shown = ({ seq: _, host: _h, body: _b, epoch: _e, leaseUntil: _l, ...webhook }: Row): Webhook => webhook
  const change = (id: string, next: (row: Row) => Row): void => {
    rows = rows.map((row) => (row.id === id ? next(row) : row))
  }
  /** Changes a message for the sender who holds it. Nothing happens when that is no longer so. */
  const changeTaken = ({ id, epoch }: TakenWebhook, next: (row: Row) => Row): void =>
    change(id, (row) => (row.epoch === epoch && row.leaseUntil !== null ? next(row) : row))
  const forget = (): void => {
    rows = rows.filter((row) => row.state === 'pending' || rowOfJob(row.jobId) !== undefined)
  }

  followers.push({
    told(id, jobId, message) {
      const at = now()
      const tries = { state: 'pending', attempts: 0, attemptedAt: null, status: null, reason: null } as const
      const free = { seq: Number(id.split('-').at(-1)), epoch: 0, leaseUntil: null }
      rows.push({ ...message, ...tries, ...free, id, jobId, createdAt: at, beganAt: at, dueAt: at })
      added()
    },
    removed: forget,
  })

  const take = (row: Row, leaseMs: number): DueWebhook => {
    const taken = { ...row, epoch: row.epoch + 1, leaseUntil: now() + leaseMs }
    change(row.id, () => taken)
    const { seq: _, leaseUntil: _l, ...message } = taken
    return { ...message, triedForMs: now() - row.beganAt }
  }

  const operations: Pick<MemoryOperations, keyof WebhookStore> = {
    takeWebhooks({ leaseMs, limit, perHost, quotas, afterHost }) {
      const pending = rows.filter(({ dueAt }) => dueAt !== null)
      const names = [...new Set(pending.map(({ host }) => host))].sort()
      const inTurn = [...names.filter((name) => name > afterHost), ...names.filter((name) => name <= afterHost)]
      const items: DueWebhook[] = []
      let nextDueInMs: number | null = null
      for (const name of inTurn) {
        const quota = quotas.find(({ host }) => host === name)?.limit ?? perHost
        const own = pending.filter(({ host }) => host === name).sort((a, b) => (a.dueAt ?? 0) - (b.dueAt ?? 0))
        if (items.length === limit) break
        for (const row of own.slice(0, quota)) {
          const freeInMs = Math.max(row.dueAt ?? 0, row.leaseUntil ?? 0) - now()
          if (freeInMs > 0) nextDueInMs = Math.min(nextDueInMs ?? freeInMs, freeInMs)
          else if (items.length < limit) items.push(take(row, leaseMs))
        }
      }
      return { items, nextDueInMs }
    },
    noteWebhook(taken, { status, reason }, verdict) {
      const dueAt = verdict.to === 'pending' ? now() + verdict.delayMs : null
      const end = { state: verdict.to, dueAt, attemptedAt: now(), status, reason, leaseUntil: null }
      changeTaken(taken, (row) => ({ ...row, ...end, attempts: row.attempts + 1 }))
      forget()
    },
    releaseWebhooks(all) {
      for (const taken of all) changeTaken(taken, (row) => ({ ...row, leaseUntil: null }))
    },
    expireWebhooks(triedForMs, limit) {
      const old = rows
        .filter((row) => row.state === 'pending' && row.beganAt < now() - triedForMs)
        .sort((a, b) => a.beganAt - b.beganAt)
        .slice(0, limit)
      for (const { id } of old) change(id, (row) => ({ ...row, state: 'failed', dueAt: null, leaseUntil: null }))
      return old.length
    },
    webhooks({ jobId, state }, request) {
      const found = rows.filter((row) => (jobId ?? row.jobId) === row.jobId && (state ?? row.state) === row.state)
      return pages.newest('webhooks', found, request, shown)
    },
    redeliverWebhook(id) {
      const anew = { state: 'pending', dueAt: now(), beganAt: now(), attempts: 0, leaseUntil: null } as const
      change(id, (row) => ({ ...row, ...anew, epoch: row.epoch + 1 }))
      const row = rows.find((candidate) => candidate.id === id)
      return row === undefined ? null : shown(row)
    },
  }

  return {
    operations,
    all: (): readonly Webhook[] => rows,
    clockMoved(by: number): void {
      for (const { id, dueAt, leaseUntil } of rows) {
        if (leaseUntil !== null) change(id, (row) => ({ ...row, leaseUntil: leaseUntil + by }))
        if (dueAt !== null) change(id, (row) => ({ ...row, dueAt: dueAt + by, beganAt: row.beganAt + by }))
      }
    },
  }
}
