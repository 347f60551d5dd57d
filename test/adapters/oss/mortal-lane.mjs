// This is a lane's compiled thread that dies of some requests, as often as their header `x-deaths` says. The deaths are
// counted in the file that `x-deaths-in` names, because the next thread knows nothing of this one. Of small files it dies
// when one of them has a header `x-deadly`.
import { appendFileSync, existsSync, statSync } from 'node:fs'
import { parentPort } from 'node:worker_threads'

const diesOf = ({ do: what, request, order }) => {
  if (what === 'files') return order.files.some(({ head }) => head.includes('x-deadly'))
  if (what !== 'send') return false
  const { 'x-deaths': deaths, 'x-deaths-in': file } = request.headers
  if (file === undefined || (existsSync(file) && statSync(file).size >= Number(deaths))) return false
  appendFileSync(file, '.')
  return true
}

// This runs before any other code listens to the port, because a message that comes while only one listens is lost to
// the other.
await import('../../../dist/daemon/lane.js')
parentPort.on('message', (orders) => {
  if (orders.some(diesOf)) process.exit(1)
})
