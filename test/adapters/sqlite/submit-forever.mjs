// Opens the compiled store in the directory that it is given and submits jobs. It prints each id once it was
// acknowledged. Tests run it as a process of its own, which they kill. Its arguments are the directory and the number
// of the first job.
import { openSqliteStore } from '../../../dist/adapters/sqlite/thread/sqlite-store.js'

const [directory, first] = process.argv.slice(2)
const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const store = await openSqliteStore({
  directory,
  node: 'node',
  clock: { now: Date.now, monotonic: () => performance.now(), sleep: async () => {} },
  wakeup: { notify() {}, subscribe: () => () => {} },
  logger: quiet,
})

const request = (id) => ({
  id,
  batchId: null,
  place: null,
  source: {
    kind: 'path',
    path: `/srv/${id}`,
    fingerprint: { node: null, dev: '1', ino: '1', size: 10, mtimeNs: '1', ctimeNs: '1' },
  },
  target: { bucket: 'b', key: id, endpoint: 'https://oss.example', region: 'cn-hangzhou' },
  options: {},
  priority: 0,
  labels: {},
  marker: null,
  dueAt: null,
})

const submitForever = async (lane) => {
  for (let i = 0; ; i++) {
    const id = `${first}-${lane}-${i}`
    const result = await store.submit(request(id), null)
    if (result.kind === 'created') process.stdout.write(`${id}\n`)
  }
}
await Promise.all([0, 1, 2, 3].map(submitForever))
