// This is a lane's compiled thread whose reads hang while the file that HANG_WHILE names is there.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { read } = fs
const flag = process.env.HANG_WHILE

fs.read = (...args) => {
  const goOn = () => {
    if (fs.existsSync(flag)) setTimeout(goOn, 20)
    else read(...args)
  }
  goOn()
}
syncBuiltinESMExports()
await import('../../../dist/daemon/lane.js')
