// This names the moments at which the process of a test kills itself. FAILPOINT is
// `<port>.<method>:<before|after>@<n>`: when this moment comes for the n-th time, the process dies. FAILPOINT_TRACE
// names a file that is told every moment as it comes.
import { appendFileSync } from 'node:fs'

const [fatal, nth = '1'] = (process.env.FAILPOINT ?? '').split('@')
const trace = process.env.FAILPOINT_TRACE
let left = Number(nth)

/** This is called when the moment has come. */
export const passes = (name) => {
  if (trace !== undefined) appendFileSync(trace, `${name}\n`)
  if (name !== fatal) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
