import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AbortAnswer, OrphanView, UploadName } from '../../src/cli/client/api.js'
import { isSettled, type JobState } from '../../src/core/job.js'
import type { JobAnswer, JobView } from '../../src/core/job-view.js'

export interface Received {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown> | null
}

export interface Refusal {
  readonly status: number
  readonly body: unknown
  readonly contentType?: string
  readonly headers?: Record<string, string>
}

/** Returns a job as the contract shows it. */
export const jobView = (id: string, changes: Partial<JobAnswer> = {}): JobAnswer => ({
  id,
  state: 'queued',
  waiting: null,
  source: { path: `/srv/in/${id}`, size: 1000 },
  target: { bucket: 'b', key: id },
  batchId: null,
  node: null,
  place: 'node',
  priority: 0,
  parallel: 4,
  bandwidth: null,
  labels: {},
  upload: { mode: null, uploadId: null, partSize: null, partCount: null },
  outcome: null,
  progress: {
    bytesTotal: 1000,
    bytesUploaded: 0,
    bytesInFlight: 0,
    partsTotal: null,
    partsUploaded: 0,
    bytesPerSecond: null,
    etaSeconds: null,
  },
  receipt: null,
  sourceRemoval: null,
  error: null,
  leftover: null,
  attempts: 0,
  runs: 0,
  createdAt: '2026-01-02T03:04:05.000Z',
  startedAt: null,
  finishedAt: null,
  notBefore: null,
  version: 1,
  options: {
    headers: { 'Content-Type': 'text/plain' },
    ifExists: 'overwrite',
    crc64: null,
    partSize: 1 << 20,
    multipartThreshold: 1 << 20,
    parallel: 4,
    sequential: false,
    onSourceChange: 'fail',
    notBefore: null,
    notAfter: null,
    bandwidth: '20MiB',
    deleteSource: false,
    callback: null,
    webhook: null,
  },
  ...changes,
})

const receipt: NonNullable<JobView['receipt']> = {
  size: 1000,
  crc64: '11051210869376104954',
  serverCrc64: '11051210869376104954',
  proof: 'object',
  etag: 'ETAG',
  versionId: null,
  requestId: 'REQUEST',
  completedAt: '2026-01-02T03:04:09.000Z',
}

/** Returns what a state brings with it. */
const settle = (job: JobView, state: JobState): Partial<JobView> => {
  if (!isSettled(state)) return { state }
  const finishedAt = '2026-01-02T03:04:09.000Z'
  if (state === 'completed') {
    const progress = { ...job.progress, bytesUploaded: job.progress.bytesTotal }
    return { state, outcome: 'uploaded', receipt: { ...receipt, size: job.source.size }, finishedAt, progress }
  }
  if (state === 'cancelled') return { state, finishedAt }
  const error = { code: 'access_denied', message: 'no right', ossCode: 'AccessDenied', requestId: 'R1' } as const
  return { state, error, finishedAt }
}

/**
 * Speaks the contract's HTTP over memory, which is enough of a daemon for the CLI. `onJob` sees every accepted job.
 * `refuse` answers instead of it. `stop` and `start` are a restart that keeps jobs, events and the port.
 */
export const startFakeDaemon = async (listen: { socketPath: string } | { port: number } = { port: 0 }) => {
  const jobs = new Map<string, JobView>()
  const keys = new Map<string, string>()
  const events: { id: string; type: string; text: string; jobId: string }[] = []
  const received: Received[] = []
  const orphans: OrphanView[] = []
  const streams = new Set<{ response: ServerResponse; jobId: string | null }>()
  const waiters = new Set<() => void>()
  const hooks = {
    onJob: (_job: JobView): void => {},
    refuse: (_request: Received): Refusal | null => null,
    /** This is awaited before a POST is accepted. */
    hold: async (): Promise<void> => {},
    /** True breaks the connection instead of answering the next accepted job. */
    loseAnswer: false,
    pageSize: 1000,
    abortAnswer: (_upload: UploadName): Pick<AbortAnswer, 'result' | 'reason'> => ({ result: 'aborted', reason: null }),
  }
  let port = 'port' in listen ? listen.port : 0
  let server: Server
  let nextId = 1

  const emit = (type: string, jobId: string, more: object): void => {
    const id = `e${events.length + 1}`
    const data = JSON.stringify({ id, type, at: '2026-01-02T03:04:06.789Z', jobId, batchId: null, ...more })
    const event = { id, type, jobId, text: `id: ${id}\nevent: ${type}\ndata: ${data}\n\n` }
    events.push(event)
    for (const { response, jobId: only } of streams) if (only === null || only === jobId) response.write(event.text)
  }

  const change = (id: string, changes: Partial<JobView>, type?: string): JobView => {
    const job = { ...(jobs.get(id) ?? jobView(id)), ...changes }
    jobs.set(id, job)
    emit(type ?? `job.${job.state}`, id, { job })
    for (const wake of waiters) wake()
    return job
  }

  const move = (id: string, state: JobState): JobView => change(id, settle(jobs.get(id) ?? jobView(id), state))

  const progress = (id: string, changes: Partial<JobView['progress']>): void => {
    const job = jobs.get(id) ?? jobView(id)
    jobs.set(id, { ...job, progress: { ...job.progress, ...changes } })
    const text = `event: job.progress\ndata: ${JSON.stringify({ jobId: id, progress: jobs.get(id)?.progress })}\n\n`
    for (const { response, jobId: only } of streams) if (only === null || only === id) response.write(text)
  }

  const json = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const problem = (response: ServerResponse, status: number, code: string, detail: string): void => {
    const body = JSON.stringify({ type: 'about:blank', title: 'Refused', status, code, detail })
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(body)
  }

  const submit = (request: Received, response: ServerResponse): void => {
    const key = String(request.headers['idempotency-key'])
    const known = jobs.get(keys.get(key) ?? '')
    if (known !== undefined) {
      json(response, 201, known)
      return
    }
    const body = request.body as unknown as Pick<JobView, 'source' | 'target' | 'labels'>
    const id = `j${nextId++}`
    keys.set(key, id)
    change(id, { source: { path: body.source.path, size: 1000 }, target: body.target, labels: body.labels ?? {} })
    hooks.onJob(jobs.get(id) ?? jobView(id))
    if (hooks.loseAnswer) response.destroy()
    else json(response, 201, jobs.get(id))
  }

  const list = ({ query }: Received, response: ServerResponse): void => {
    const states = query.getAll('state').flatMap((states) => states.split(','))
    const labels = query.getAll('label').map((label) => label.split('='))
    const matching = [...jobs.values()]
      .reverse()
      .filter((job) => states.length === 0 || states.includes(job.state))
      .filter((job) => query.get('bucket') === null || job.target.bucket === query.get('bucket'))
      .filter((job) => labels.every(([k = '', v]) => k in job.labels && (v === undefined || job.labels[k] === v)))
    const from = Number(query.get('cursor') ?? 0)
    const to = from + Math.min(Number(query.get('limit') ?? 100), hooks.pageSize)
    json(response, 200, { items: matching.slice(from, to), nextCursor: to < matching.length ? String(to) : null })
  }

  const listOrphans = ({ query }: Received) => {
    const matching = orphans.filter(({ bucket }) => (query.get('bucket') ?? bucket) === bucket)
    const from = Number(query.get('cursor') ?? 0)
    const to = from + Math.min(Number(query.get('limit') ?? 100), hooks.pageSize)
    return { items: matching.slice(from, to), nextCursor: to < matching.length ? String(to) : null }
  }

  const abort = ({ body }: Received) => {
    const uploads = (body?.['uploads'] ?? []) as readonly UploadName[]
    return { items: uploads.map((upload) => ({ ...upload, ...hooks.abortAnswer(upload) })) }
  }

  const countsOf = ({ query }: Received) => {
    const ids = query.get('job')?.split(',')
    const labels = query.getAll('label').map((label) => label.split('='))
    const matching = [...jobs.values()]
      .filter(({ id }) => ids === undefined || ids.includes(id))
      .filter((job) => labels.every(([k = '', v]) => k in job.labels && (v === undefined || job.labels[k] === v)))
    const count = (is: (state: JobState) => boolean): number => matching.filter(({ state }) => is(state)).length
    return {
      pending: count((state) => !isSettled(state)),
      completed: count((state) => state === 'completed'),
      failed: count((state) => state === 'failed'),
      cancelled: count((state) => state === 'cancelled'),
    }
  }

  const waitForAll = async (request: Received, seconds: number): Promise<ReturnType<typeof countsOf>> => {
    const deadline = performance.now() + seconds * 1000
    while (countsOf(request).pending > 0 && performance.now() < deadline) await nextChange(deadline)
    return countsOf(request)
  }

  const nextChange = async (deadline: number): Promise<void> => {
    let wake = (): void => {}
    await new Promise<void>((resolve) => {
      wake = resolve
      waiters.add(wake)
      setTimeout(resolve, Math.max(0, deadline - performance.now())).unref()
    })
    waiters.delete(wake)
  }

  const waitFor = async (id: string, seconds: number): Promise<void> => {
    const deadline = performance.now() + seconds * 1000
    while (!isSettled(jobs.get(id)?.state ?? 'failed') && performance.now() < deadline) await nextChange(deadline)
  }

  const stream = (request: Received, response: ServerResponse, jobId: string | null): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': hello\nretry: 1000\n\n')
    const last = request.headers['last-event-id']
    const from = last === undefined ? events.length : events.findIndex(({ id }) => id === last) + 1
    if (last !== undefined && from === 0) response.write('event: reset\ndata: {}\n\n')
    else for (const event of events.slice(from)) if (jobId === null || event.jobId === jobId) response.write(event.text)
    const entry = { response, jobId }
    streams.add(entry)
    response.on('close', () => streams.delete(entry))
  }

  const route = async (request: Received, response: ServerResponse): Promise<void> => {
    const [, , resource, id, verb] = request.path.split('/').map(decodeURIComponent)
    if (resource === 'orphans')
      return json(response, 200, request.method === 'GET' ? listOrphans(request) : abort(request))
    if (resource === 'wait' || resource === 'drain') {
      if (request.method === 'DELETE') return void response.writeHead(204).end()
      const seconds = request.query.get('timeout') ?? String(request.body?.['timeoutSeconds'])
      const counts = await waitForAll(request, Number.parseInt(seconds, 10))
      return json(response, counts.pending === 0 ? 200 : 202, counts)
    }
    if (resource === 'events') return stream(request, response, null)
    if (id === undefined && request.method === 'POST') {
      await hooks.hold()
      return submit(request, response)
    }
    if (id === undefined) return list(request, response)
    const job = jobs.get(id)
    if (job === undefined) return problem(response, 404, 'job_not_found', `There is no job ${id}.`)
    if (verb === 'events') return stream(request, response, id)
    if (request.method === 'PATCH') return json(response, 200, change(id, request.body ?? {}, 'job.updated'))
    if (request.method === 'DELETE') {
      jobs.delete(id)
      emit('job.deleted', id, { job })
      return void response.writeHead(204).end()
    }
    if (verb === 'pause') return json(response, 202, move(id, 'paused'))
    if (verb === 'resume' || verb === 'retry') return json(response, 202, move(id, 'queued'))
    if (verb === 'cancel') return json(response, 202, move(id, 'cancelled'))
    const wait = /^(\d+)s$/.exec(request.query.get('wait') ?? '')
    if (wait !== null) await waitFor(id, Number(wait[1]))
    json(response, 200, jobs.get(id))
  }

  const onRequest = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const url = new URL(incoming.url ?? '/', 'http://daemon')
    const text = Buffer.concat(chunks).toString()
    const request: Received = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: text === '' ? null : JSON.parse(text),
    }
    received.push(request)
    const refusal = hooks.refuse(request)
    if (refusal === null) return route(request, response)
    const { status, body, contentType = 'application/problem+json', headers = {} } = refusal
    response.writeHead(status, { 'content-type': contentType, ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  const start = async (): Promise<void> => {
    server = createServer((request, response) => {
      // When a client is killed in the middle of a request, the test did that.
      onRequest(request, response).catch(() => response.destroy())
    })
    server.listen('socketPath' in listen ? { path: listen.socketPath } : { port, host: '127.0.0.1' })
    await once(server, 'listening')
    if (!('socketPath' in listen)) port = (server.address() as AddressInfo).port
  }

  const stop = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  await start()
  return {
    get url() {
      return 'socketPath' in listen ? `unix:${listen.socketPath}` : `http://127.0.0.1:${port}`
    },
    jobs,
    orphans,
    received,
    hooks,
    listeners: () => streams.size,
    add: (job: JobView) => jobs.set(job.id, job),
    change,
    move,
    progress,
    emit,
    forgetEvents: () => events.splice(0),
    start,
    stop,
    posts: () => received.filter(({ method, path }) => method === 'POST' && path === '/v1/jobs'),
  }
}
