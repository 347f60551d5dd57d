// Shows the main job for real: an OSS-compatible server and the daemon as separate processes, a big file and many small
// ones, the daemon killed half-way with SIGKILL and started again, and every byte read back at the end.
//
//   npm run demo             takes about half a minute; exits with 0 only when everything is proven
//   npm run demo -- --keep   leaves it running afterwards, until Ctrl-C
import { spawn } from 'node:child_process'
import { createHash, createHmac, randomBytes, randomFillSync } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const mib = 1024 * 1024
const bigBytes = 256 * mib
const smallFiles = 50
const partSize = 8 * mib
const parallel = 4
const bucket = 'demo'
/** This is slow enough that the kill happens half-way, and fast enough to be worth watching. */
const bandwidth = 28 * mib
const timeLimitMs = 115_000

const main = fileURLToPath(new URL('../dist/launch.cjs', import.meta.url))
const modules = fileURLToPath(new URL('../node_modules', import.meta.url))
const keep = process.argv.includes('--keep')
const keys = { id: 'demo', secret: randomBytes(16).toString('hex') }

/** Nothing that the user has set for a real daemon may reach this one. */
const cleanEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(LONGSHORE|OSS|ALIBABA_CLOUD)_|^(https?|no)_proxy$/i.test(name)),
)

const say = (text = '') => console.log(text)
const title = (text) => say(`\n== ${text}`)

class DemoFailed extends Error {}
const check = (holds, text) => {
  if (!holds) throw new DemoFailed(text)
  say(`   ok  ${text}`)
}

// ---- processes: none of them outlives this one

const children = new Set()
const killAll = () => {
  for (const child of children) child.kill('SIGKILL')
}
process.on('exit', killAll)

const start = (args, env, stdio) => {
  const child = spawn(process.execPath, [main, ...args], { env: { ...cleanEnv, ...env }, stdio })
  children.add(child)
  child.ended = new Promise((resolve) => {
    child.on('error', () => resolve('could not be started'))
    child.on('close', (code, signal) => resolve(signal ?? code))
  }).finally(() => children.delete(child))
  return child
}

/** Starts a server and waits for its line `{"msg":"listening"}`. Its last lines are kept for the case that it fails. */
const startServer = async (name, args, env) => {
  const child = start(args, env, ['ignore', 'pipe', 'pipe'])
  const lastWords = []
  const remember = (line) => {
    lastWords.push(line)
    if (lastWords.length > 20) lastWords.shift()
  }
  createInterface({ input: child.stderr }).on('line', remember)
  const listening = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      remember(line)
      if (!line.includes('"listening"')) return
      const { msg, address } = JSON.parse(line)
      if (msg === 'listening') resolve(address)
    })
  })
  child.ended.then((how) => {
    child.hasEnded = true
    if (!child.expectedToEnd) fail(new DemoFailed(`${name} ended (${how}):\n${lastWords.join('\n')}`))
  })
  child.address = await listening
  return child
}

const stopServer = async (child, signal) => {
  child.expectedToEnd = true
  child.kill(signal)
  await child.ended
}

// ---- HTTP

const getJson = async (url, init) => {
  const answer = await fetch(url, init)
  if (!answer.ok) throw new DemoFailed(`${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

const listJobs = async (daemon, label) =>
  (await getJson(`${daemon.address}/v1/jobs?limit=1000&label=${encodeURIComponent(label)}`)).items

const readLedger = (oss) => getJson(`${oss.address}/-/control/ledger`)

/** Reads an object back without Longshore: a GET signed by hand, as OSS's documentation describes it (V1). */
const readObject = (oss, key) =>
  new Promise((resolve, reject) => {
    const date = new Date().toUTCString()
    const signature = createHmac('sha1', keys.secret).update(`GET\n\n\n${date}\n/${bucket}/${key}`).digest('base64')
    get(
      `${oss.address}/${bucket}/${key}`,
      { headers: { date, authorization: `OSS ${keys.id}:${signature}` } },
      (answer) => {
        if (answer.statusCode === 200) resolve(answer)
        else reject(new DemoFailed(`GET of ${key} answered ${answer.statusCode}`))
      },
    ).on('error', reject)
  })

const sha256 = async (stream) => {
  const hash = createHash('sha256')
  await pipeline(stream, hash)
  return hash.digest('hex')
}

// ---- the story

const makeFiles = async (source) => {
  await mkdir(join(source, 'small'), { recursive: true })
  const big = await open(join(source, 'big.bin'), 'w')
  const block = Buffer.alloc(8 * mib)
  for (let written = 0; written < bigBytes; written += block.length) await big.write(randomFillSync(block))
  await big.close()
  for (let n = 1; n <= smallFiles; n++) {
    const name = `${String(n).padStart(2, '0')}.bin`
    await writeFile(join(source, 'small', name), randomBytes(1 + Math.floor(Math.random() * 64 * 1024)))
  }
}

const put = (daemon, ...args) =>
  start(['put', ...args, '--wait'], { LONGSHORE_URL: daemon.address }, ['ignore', 'inherit', 'inherit'])

/** Kills the daemon once OSS holds half of the big file, starts it again, and says what OSS holds by then. */
const killHalfWay = async (oss, daemon, restart) => {
  let job
  do {
    await sleep(50)
    job = (await listJobs(daemon, 'demo=big'))[0]
  } while (job === undefined || job.progress.bytesUploaded < bigBytes / 2)
  await stopServer(daemon, 'SIGKILL')
  // On a terminal the cursor stands behind the bar that longshore put is drawing.
  say(`\n\n== kill -9 ${daemon.pid}: the daemon is dead`)
  // What was cut off is entered into the ledger as soon as the server has noticed.
  let ledger = await readLedger(oss)
  while (ledger.inFlight.length > 0) {
    await sleep(50)
    ledger = await readLedger(oss)
  }
  const stored = new Set(ledger.entries.filter(isStoredPart).map(({ partNumber }) => partNumber))
  await sleep(500)
  const revived = await restart()
  say(`\n== started again on the same data directory as ${revived.pid}`)
  say(`== ${stored.size} of ${job.upload.partCount} parts already in OSS, sending the rest\n`)
  return { revived, storedAtKill: stored }
}

const isPart = ({ operation, key }) => operation === 'UploadPart' && key === 'in/big.bin'
const isStoredPart = (entry) => isPart(entry) && entry.stored

/** The table is 79 columns wide. */
const showReceipts = (jobs) => {
  const row = (object, bytes, ours, theirs, proof) =>
    say(`  ${object.padEnd(16)}${bytes.padStart(9)}  ${ours.padEnd(20)}  ${theirs.padEnd(20)}  ${proof}`)
  row('object', 'bytes', 'crc64 of the source', 'crc64 by OSS', 'proof')
  for (const { target, receipt } of jobs) {
    row(target.key, String(receipt.size), receipt.crc64, receipt.serverCrc64 ?? 'none', receipt.proof)
  }
}

const checkLedger = async (oss, storedAtKill) => {
  const parts = (await readLedger(oss)).entries.filter(isPart)
  const stored = parts.filter(isStoredPart)
  const numbers = new Set(stored.map(({ partNumber }) => partNumber))
  const again = [...numbers].filter((number) => parts.filter(({ partNumber }) => partNumber === number).length > 1)
  const kept = [...storedAtKill].filter((number) => !again.includes(number)).length
  const bytes = parts.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0)
  check(numbers.size === bigBytes / partSize, `OSS received ${numbers.size} of ${bigBytes / partSize} parts`)
  check(again.length <= parallel, `${again.length} of them twice, at most the ${parallel} in flight at the kill`)
  say(`       ${kept} of the ${storedAtKill.size} parts from before the kill were not sent again`)
  say(`       ${(bytes / mib).toFixed(1)} MiB went over the wire for ${bigBytes / mib} MiB`)
}

const checkBytes = async (oss, jobs) => {
  for (const { source, target } of jobs) {
    const [ours, theirs] = await Promise.all([
      sha256(createReadStream(source.path)),
      readObject(oss, target.key).then(sha256),
    ])
    if (ours !== theirs) throw new DemoFailed(`${target.key} is not the file it was made from`)
  }
  check(true, `${jobs.length} objects read back from OSS: SHA-256 equal to the sources`)
}

const run = async (directory) => {
  const startedAt = performance.now()
  const source = join(directory, 'source')
  title(`making ${bigBytes / mib} MiB in one file, and ${smallFiles} small files`)
  await makeFiles(source)

  title('starting the OSS-compatible server and the daemon')
  const ossEnv = { OSS_ACCESS_KEY_ID: keys.id, OSS_ACCESS_KEY_SECRET: keys.secret, OSS_REGION: 'cn-hangzhou' }
  const ossArgs = ['dev-oss', '--port', '0', '--dir', join(directory, 'oss'), '--bucket', bucket, '--fault-control']
  const oss = await startServer('dev-oss', ossArgs, ossEnv)
  const serve = (listen) =>
    startServer('the daemon', ['serve'], {
      ...ossEnv,
      OSS_ENDPOINT: oss.address,
      OSS_ADDRESSING: 'path',
      LONGSHORE_LISTEN: listen,
      LONGSHORE_DATA_DIR: join(directory, 'data'),
      LONGSHORE_SOURCE_ROOTS: source,
    })
  let daemon = await serve('127.0.0.1:0')
  say(`   dev-oss  ${oss.pid}  ${oss.address}\n   daemon   ${daemon.pid}  ${daemon.address}`)

  title(`${smallFiles} small files`)
  const small = await put(daemon, join(source, 'small'), `oss://${bucket}/in/small/`, '--label', 'demo=small').ended
  check(small === 0, 'longshore put --wait exited 0')

  title(`one big file, with ${bandwidth / mib} MiB/s to OSS`)
  const limit = JSON.stringify({ bytesPerSecond: bandwidth })
  await getJson(`${oss.address}/-/control/bandwidth`, { method: 'PUT', body: limit })
  const options = ['--part-size', String(partSize), '--parallel', String(parallel), '--label', 'demo=big']
  const big = put(daemon, join(source, 'big.bin'), `oss://${bucket}/in/`, ...options)
  const bigFailed = big.ended.then((how) => Promise.reject(new DemoFailed(`longshore put ended too early (${how})`)))
  const killed = killHalfWay(oss, daemon, () => serve(new URL(daemon.address).host))
  const { revived, storedAtKill } = await Promise.race([killed, bigFailed])
  bigFailed.catch(() => {})
  daemon = revived
  check((await big.ended) === 0, 'the same longshore put --wait lived through it and exited 0')

  title('receipts')
  const jobs = await listJobs(daemon, 'demo')
  jobs.sort((a, b) => (a.target.key < b.target.key ? -1 : 1))
  showReceipts(jobs)
  check(jobs.length === smallFiles + 1, `${jobs.length} jobs accepted, none lost`)
  check(
    jobs.every(({ state, receipt }) => state === 'completed' && receipt.crc64 === receipt.serverCrc64),
    'every one completed, with the same CRC-64 here and in OSS',
  )

  title('what went over the wire, and what is there now')
  await checkLedger(oss, storedAtKill)
  await checkBytes(oss, jobs)
  say(
    `\nPROVEN: killed half-way, finished, and every byte is right. ${((performance.now() - startedAt) / 1000).toFixed(1)} s`,
  )
  return { oss, daemon, source }
}

const stayUntilStopped = async ({ oss, daemon, source }) => {
  await getJson(`${oss.address}/-/control/bandwidth`, { method: 'PUT', body: '{"bytesPerSecond":null}' })
  say(`\nIt stays up until Ctrl-C:
   dashboard     ${daemon.address}/
   API           ${daemon.address}/docs, events: ${daemon.address}/v1/events
   dev-oss       ${oss.address}  bucket ${bucket}
   try it        LONGSHORE_URL=${daemon.address} npx longshore put ${join(source, 'small')} oss://${bucket}/again/ --wait
   sources       ${source}`)
  await new Promise(() => {
    // Only a signal ends the demo. A timer keeps the process alive even if both servers are gone.
    setInterval(() => {}, 60_000)
  })
}

// ---- the edge: whatever happens, nothing is left behind

let directory
let ending
const end = (exitCode) => {
  ending ??= (async () => {
    for (const child of children) child.expectedToEnd = true
    const ended = [...children].map((child) => child.ended)
    killAll()
    await Promise.all(ended)
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
    process.exit(exitCode)
  })()
  return ending
}
const fail = (error) => {
  if (ending !== undefined) return
  console.error(`\nDEMO FAILED: ${error instanceof DemoFailed ? error.message : (error?.stack ?? error)}`)
  end(1)
}

for (const needed of [modules, main]) {
  if (existsSync(needed)) continue
  console.error(`${dirname(needed)} is not complete: run \`npm ci\` first (it installs and builds).`)
  process.exit(1)
}
process.on('SIGINT', () => end(keep ? 0 : 130))
process.on('SIGTERM', () => end(143))
process.on('uncaughtException', fail)
// The reader of stdout has gone (`| head`). There is nothing more to say, but there is still something to clear away.
process.stdout.on('error', () => end(141))
const watchdog = setTimeout(() => fail(new DemoFailed('it took longer than two minutes')), timeLimitMs)
try {
  directory = await mkdtemp(join(tmpdir(), 'longshore-demo-'))
  const running = await run(directory)
  clearTimeout(watchdog)
  if (keep) await stayUntilStopped(running)
  await end(0)
} catch (error) {
  fail(error)
}
