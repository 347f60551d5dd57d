import { readFileSync } from 'node:fs'
import { createServer } from 'node:tls'
import { type SinkAnswer, serveConnection } from './sink-connection.js'
import type { RemoteAnswer, RemoteRequest } from './sink-protocol.js'

// This is a worker of the sink for TLS, because decryption is more than one process can do for a fast client. It counts
// bodies, and asks the sink itself for each answer, because only the sink knows objects and uploads.

const [keyFile = '', certFile = ''] = process.argv.slice(2)
const waiting = new Map<number, (answer: SinkAnswer) => void>()
let lastId = 0

createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (socket) =>
  serveConnection(socket, ({ method, path, query, size }) => {
    let received = 0
    return {
      received(bytes) {
        received += bytes
      },
      answer(reply) {
        waiting.set(++lastId, reply)
        const question: RemoteRequest = { id: lastId, method, path, query: query.toString(), size, received }
        process.send?.(question)
      },
    }
  }),
).listen(0, '127.0.0.1')

process.on('message', (message) => {
  const { id, answer } = message as RemoteAnswer
  waiting.get(id)?.(answer)
  waiting.delete(id)
})
process.on('disconnect', () => process.exit(0))
