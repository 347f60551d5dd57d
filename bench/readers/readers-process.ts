import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { ReaderAnswer, ReaderOrder, ReaderTask } from './reader-protocol.js'

// This process runs thousands of readers of an event stream. All of them take what comes. One in twenty is watched: its
// events are parsed and timed. Parsing all events would measure this process, and not the daemon.

const watchedShare = 20
const connectingAtOnce = 50
const answered = 'retry: '

interface Watched {
  text: string
  readonly completed: Set<string>
}

const watched: Watched[] = []
const delays: number[] = []
let cut = 0
let pieces = 0
let onProgress = (): void => {}

const tell = (answer: ReaderAnswer): void => void process.send?.(answer)

/**
 * Takes whole frames of a chunked answer. The lengths of chunks stand on lines of their own, and no field begins like
 * them.
 */
const take = (reader: Watched, chunk: string, now: number): void => {
  pieces += 1
  const frames = (reader.text + chunk).split('\n\n')
  reader.text = frames.pop() ?? ''
  for (const frame of frames) {
    const [, data] = /^data: (.*)$/m.exec(frame) ?? []
    if (data === undefined || !/^id: /m.test(frame)) continue
    const event = JSON.parse(data) as { type: string; at: string; jobId: string }
    delays.push(now - Date.parse(event.at))
    if (event.type === 'job.completed') reader.completed.add(event.jobId)
  }
  onProgress()
}

const open = async (url: URL, reader: Watched | null): Promise<Socket> => {
  const socket = connect(Number(url.port), url.hostname)
  socket.on('error', () => {})
  socket.on('close', () => {
    cut += 1
  })
  await once(socket, 'connect')
  socket.write(`GET /v1/events HTTP/1.1\r\nHost: ${url.host}\r\nAccept: text/event-stream\r\n\r\n`)
  let head = ''
  while (!head.includes(answered)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    head += chunk.toString('latin1')
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(`a reader was answered ${head.split('\r\n', 1)[0]}`)
  }
  if (reader === null) socket.resume()
  else socket.setEncoding('utf8').on('data', (chunk: Buffer | string) => take(reader, String(chunk), Date.now()))
  return socket
}

const start = async ({ url, readers, stalled }: ReaderTask): Promise<void> => {
  const left = Array.from({ length: readers }, (_, index) => index).values()
  const connecting = async (): Promise<void> => {
    for (const index of left) {
      const isStalled = index < stalled
      const reader = !isStalled && index % watchedShare === 0 ? { text: '', completed: new Set<string>() } : null
      const socket = await open(new URL(url), reader)
      if (isStalled) socket.pause()
      else if (reader !== null) watched.push(reader)
    }
  }
  await Promise.all(Array.from({ length: connectingAtOnce }, connecting))
  cut = 0
  pieces = 0
  tell({ kind: 'connected' })
}

const reportOn = (jobId: string): void => {
  onProgress = () => {
    if (!watched.every(({ completed }) => completed.has(jobId))) return
    onProgress = () => {}
    tell({ kind: 'report', report: { delays: delays.splice(0), pieces: pieces / watched.length, cut } })
  }
  onProgress()
}

process.on('message', (message) => {
  const order = message as ReaderOrder
  if (order.kind === 'report') reportOn(order.jobId)
  else start(order.task).catch((error: unknown) => tell({ kind: 'failed', reason: String(error) }))
})
process.on('disconnect', () => process.exit(0))
