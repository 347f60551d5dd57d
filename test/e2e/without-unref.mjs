// This is loaded with --import ahead of everything, in every thread. Whatever is open keeps its process alive, because
// nothing can ask not to be counted.
import { ChildProcess } from 'node:child_process'
import dgram from 'node:dgram'
import net from 'node:net'
import { MessagePort, Worker } from 'node:worker_threads'

const timer = setTimeout(() => {}, 0)
const immediate = setImmediate(() => {})
const timers = [timer, immediate].map(Object.getPrototypeOf)
clearTimeout(timer)
clearImmediate(immediate)

const classes = [ChildProcess, dgram.Socket, MessagePort, Worker, net.Server, net.Socket]
for (const prototype of [...timers, ...classes.map((each) => each?.prototype)]) {
  if (typeof prototype?.unref !== 'function') continue
  prototype.unref = function counted() {
    return this
  }
}
