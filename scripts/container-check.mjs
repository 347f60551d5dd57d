// Builds the image and runs it as a cluster would: numeric user, read-only root, a process 1 that gets SIGTERM. Nothing of
// it needs Docker or a registry of images: buildah builds in a chroot, on base images that are made here of Debian
// (debootstrap) and the Node.js that runs this script. So it tests our Dockerfile, not the official base images.
//
//   node scripts/container-check.mjs                       makes both bases, once, in ~/.cache/longshore-container
//   node scripts/container-check.mjs --build-image node:22-bookworm --runtime-image node:22-bookworm-slim
//                                                          with images that buildah can pull
//   node scripts/container-check.mjs --image NAME          runs an image that is in its store already
//
// Needs root, and: buildah crun netavark fuse-overlayfs debootstrap. Exits 0, 1 when a check failed, 77 without the tools.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const house = fileURLToPath(new URL('..', import.meta.url))
const { values: options } = parseArgs({
  options: {
    'build-image': { type: 'string' },
    'runtime-image': { type: 'string' },
    image: { type: 'string' },
    cache: { type: 'string', default: join(homedir(), '.cache/longshore-container') },
    mirror: { type: 'string', default: 'http://deb.debian.org/debian' },
  },
})

const missing = ['buildah', 'debootstrap', 'unshare', 'chroot'].filter(
  (tool) => spawnSync('which', [tool]).status !== 0,
)
if (missing.length > 0 || process.getuid() !== 0) {
  console.log(`skipped: ${missing.length > 0 ? `${missing.join(', ')} missing` : 'only root can chroot'}`)
  process.exit(77)
}

const run = (command, args, more = {}) => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28, ...more })
const store = [
  `--root=${join(options.cache, 'store')}`,
  `--runroot=${join(options.cache, 'run')}`,
  '--storage-driver=overlay',
]
const buildah = (...args) => run('buildah', [...store, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }).trim()

/** Makes a Debian with the Node.js of this machine, as a directory that is made once. */
const makeRoot = (name, packages) => {
  const root = join(options.cache, name)
  if (!existsSync(root)) {
    console.log(`making the base "${name}"`)
    const part = `${root}.part`
    rmSync(part, { recursive: true, force: true })
    run('debootstrap', ['--variant=minbase', `--include=${packages}`, 'bookworm', part, options.mirror], {
      stdio: 'ignore',
    })
    renameSync(part, root)
  }
  return root
}

const registryOf = () => run('npm', ['config', 'get', 'registry'], { cwd: tmpdir() }).trim()

/**
 * Adds what an official image of Node.js has, and for the image that builds also how this machine reaches its registry.
 */
const addNode = (root, builds) => {
  const prefix = dirname(dirname(process.execPath))
  const local = join(root, 'usr/local')
  cpSync(process.execPath, join(local, 'bin/node'))
  if (!readFileSync(join(root, 'etc/passwd'), 'utf8').includes('node:')) {
    run('chroot', [root, 'useradd', '--uid', '1000', '--create-home', 'node'])
  }
  if (!builds) return
  for (const part of ['include/node', 'lib/node_modules/npm']) {
    rmSync(join(local, part), { recursive: true, force: true })
    cpSync(join(prefix, part), join(local, part), { recursive: true, verbatimSymlinks: true })
  }
  rmSync(join(local, 'bin/npm'), { force: true })
  run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm')])
  const authorities = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt'
  if (existsSync(authorities)) cpSync(authorities, join(root, 'etc/ssl/certs/ca-certificates.crt'))
  const settings = [
    `registry=${registryOf()}`,
    'cafile=/etc/ssl/certs/ca-certificates.crt',
    'nodedir=/usr/local',
    'audit=false',
  ]
  writeFileSync(join(root, 'root/.npmrc'), `${settings.join('\n')}\n`)
}

const makeBase = (name, packages, builds) => {
  const image = `localhost/longshore-base-${name}:latest`
  const root = makeRoot(name, packages)
  addNode(root, builds)
  const container = buildah('from', 'scratch')
  buildah('add', container, root, '/')
  buildah('commit', '--rm', container, image)
  return image
}

const failures = []
const check = (what, passed, figure = '') => {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${what}${figure === '' ? '' : `: ${figure}`}`)
  if (!passed) failures.push(what)
}

const until = async (what, condition) => {
  const deadline = performance.now() + 60_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

// --- the build

const seconds = (from, to = performance.now()) => `${((to - from) / 1000).toFixed(1)} s`

const buildImage = () => {
  const startedAt = performance.now()
  const base = options['build-image'] ?? makeBase('build', 'ca-certificates,python3,make,g++', true)
  const runtime = options['runtime-image'] ?? makeBase('slim', 'ca-certificates', false)
  const basesAt = performance.now()
  const tag = 'localhost/longshore-checked:latest'
  const build = spawnSync(
    'buildah',
    [
      ...store,
      ...['bud', '--isolation=chroot', '--pull-never', '--format=docker', '--layers=false', `--tag=${tag}`],
      ...[
        `--build-arg=BUILD_IMAGE=${base}`,
        `--build-arg=RUNTIME_IMAGE=${runtime}`,
        '--build-arg=REVISION=checked',
        house,
      ],
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 28 },
  )
  if (build.status !== 0) {
    console.log(`${build.stdout.slice(-3000)}\n${build.stderr.slice(-3000)}`)
    check('the image is built', false)
    process.exit(1)
  }
  check('the image is built', true, `${seconds(basesAt)} (bases ${seconds(startedAt, basesAt)})`)
  return tag
}

const image = options.image ?? buildImage()

// --- what the image says about itself

const {
  Docker: { config, rootfs },
} = JSON.parse(buildah('inspect', '--type=image', image))
check('runs as a number, not as root', /^[1-9]\d*:[1-9]\d*$/.test(config.User ?? ''), config.User)
check('is stopped by SIGTERM', config.StopSignal === 'SIGTERM')
check('has a health check', config.Healthcheck?.Test?.[0] === 'CMD', `every ${config.Healthcheck?.Interval / 1e9} s`)
const labels = Object.keys(config.Labels ?? {}).filter((name) => name.startsWith('org.opencontainers.image.'))
check(
  'has labels',
  labels.length >= 6 && config.Labels['org.opencontainers.image.revision'] === 'checked',
  `${labels.length}`,
)
check('consists of layers', rootfs.diff_ids.length > 1, `${rootfs.diff_ids.length}`)

// --- running it

const container = buildah('from', '--pull-never', image)
const root = buildah('mount', container)
const work = mkdtempSync(join(tmpdir(), 'longshore-container-'))
const children = []
const megabytes = (path) => Number(run('du', ['-sm', path]).split('\t')[0])
console.log(`       ours is ${megabytes(join(root, 'opt/longshore'))} MB of the image's ${megabytes(root)} MB`)

/**
 * Runs the program with its volumes, on a root that no user can write, as process 1 of its own. A `user` of null stays
 * root.
 */
const enter = (command, { env = {}, volumes = {}, user = config.User } = {}) => {
  const binds = Object.entries(volumes).flatMap(([inside, [outside, mode]]) => [
    `mount --bind '${outside}' "$root${inside}"`,
    ...(mode === 'ro' ? [`mount -o remount,bind,ro "$root${inside}"`] : []),
  ])
  const settings = Object.entries({ ...Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s))), ...env })
  const script = [
    'set -e',
    `root='${root}'`,
    'mount --make-rprivate /',
    'mount --bind "$root" "$root"',
    'mount -o remount,bind,ro "$root"',
    'mount -t proc proc "$root/proc"',
    'mount --bind /dev "$root/dev"',
    ...binds,
    `exec chroot ${user === null ? '' : `--userspec=${user}`} "$root" "$@"`,
  ]
  const child = spawn(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'sh',
      '-c',
      script.join('\n'),
      'sh',
      '/usr/bin/env',
      '-i',
      ...settings.map(([name, value]) => `${name}=${value}`),
      ...command,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  children.push(child)
  const lines = []
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => lines.push(line))
  const closed = new Promise((resolve) => child.on('close', (code) => resolve(code)))
  // unshare waits, and the program is its only child.
  const pid = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0])
  return { lines, closed, pid, done: async () => ({ code: await closed, text: lines.join('\n') }) }
}

const volume = (name, mode = 'rw') => {
  const path = join(work, name)
  mkdirSync(path, { recursive: true })
  chownSync(path, 1000, 1000)
  return [path, mode]
}

const main = async () => {
  const touched = await enter(['/bin/sh', '-c', 'echo x > /opt/longshore/x'], { user: null }).done()
  check('even root cannot write its root', touched.code !== 0 && /Read-only file system/.test(touched.text))

  const [ossPort, port] = [randomInt(20_000, 29_000), randomInt(30_000, 39_000)]
  const oss = enter(
    [
      ...config.Entrypoint,
      'dev-oss',
      '--port',
      String(ossPort),
      '--dir',
      '/var/lib/longshore/oss',
      '--bucket',
      'dev-bucket',
    ],
    { volumes: { '/var/lib/longshore': volume('oss') } },
  )
  await until('the development server', () =>
    fetch(`http://127.0.0.1:${ossPort}/`).then(
      () => true,
      () => false,
    ),
  )

  const [sources] = volume('in')
  mkdirSync(join(root, 'srv/in'), { recursive: true })
  const bytes = randomBytes(24 * 1024 * 1024)
  writeFileSync(join(sources, 'a.bin'), bytes)
  const [state] = volume('state')
  chmodSync(state, 0o700)
  const volumes = { '/var/lib/longshore': [state, 'rw'], '/srv/in': [sources, 'ro'] }
  const env = {
    LONGSHORE_LISTEN: `127.0.0.1:${port}`,
    LONGSHORE_URL: `http://127.0.0.1:${port}`,
    LONGSHORE_SOURCE_ROOTS: '/srv/in',
    OSS_ENDPOINT: `http://127.0.0.1:${ossPort}`,
    OSS_REGION: 'cn-hangzhou',
    OSS_ADDRESSING: 'path',
    OSS_ACCESS_KEY_ID: 'longshore-dev',
    OSS_ACCESS_KEY_SECRET: 'longshore-dev-secret',
  }
  const inside = (command) => enter(command, { env, volumes }).done()
  const health = () => inside(config.Healthcheck.Test.slice(1))

  const launchedAt = performance.now()
  const daemon = enter([...config.Entrypoint, ...config.Cmd], { env, volumes })
  await until('the daemon', () => daemon.lines.some((line) => line.includes('"msg":"listening"')))
  check('the daemon listens', true, `after ${seconds(launchedAt)}`)
  const status = readFileSync(`/proc/${daemon.pid()}/status`, 'utf8')
  const uids = /^Uid:\s+(.+)$/m.exec(status)[1].split('\t')
  check(
    'its process is user 1000',
    uids.every((uid) => uid === '1000'),
    uids.join(' '),
  )
  check('it is process 1 of its own', /^NSpid:\s+\d+\s+1$/m.test(status))
  check('the health check passes', (await health()).code === 0)
  const engine = daemon.lines.map((line) => /"crc64":"(\w+)"/.exec(line)?.[1]).find((name) => name !== undefined)
  check('checksums are native', engine !== undefined && engine !== 'wasm' && engine !== 'javascript', engine)

  const doctor = await inside(['longshore', 'doctor', 'oss://dev-bucket/'])
  check('the doctor finds it well', doctor.code === 0, doctor.text.split('\n').at(-1))
  if (doctor.code !== 0) console.log(doctor.text)

  const put = await inside(['longshore', 'put', '/srv/in/a.bin', 'oss://dev-bucket/', '--wait', '--json'])
  const job = JSON.parse(put.text.split('\n').at(-1) || '{}')
  check('an upload through it completes', put.code === 0 && job.state === 'completed', `${job.upload?.partCount} parts`)
  const date = new Date().toUTCString()
  const signature = createHmac('sha1', env.OSS_ACCESS_KEY_SECRET)
    .update(`GET\n\n\n${date}\n/dev-bucket/a.bin`)
    .digest('base64')
  const answer = await fetch(`http://127.0.0.1:${ossPort}/dev-bucket/a.bin`, {
    headers: { date, authorization: `OSS ${env.OSS_ACCESS_KEY_ID}:${signature}` },
  })
  const sha = (data) => createHash('sha256').update(data).digest('hex')
  check('the object is the file', sha(Buffer.from(await answer.arrayBuffer())) === sha(bytes), sha(bytes).slice(0, 16))

  const stoppedAt = performance.now()
  process.kill(daemon.pid(), 'SIGTERM')
  check('SIGTERM ends it with 0', (await daemon.closed) === 0, seconds(stoppedAt))
  check('the health check fails without it', (await health()).code === 1)
  const again = enter([...config.Entrypoint, ...config.Cmd], { env, volumes })
  await until('the daemon again', () => again.lines.some((line) => line.includes('"msg":"listening"')))
  const listed = await inside(['longshore', 'show', job.id, '--json'])
  check('what it knows outlives it', JSON.parse(listed.text).receipt?.crc64 === job.receipt.crc64, job.receipt.crc64)
  process.kill(again.pid(), 'SIGTERM')
  await again.closed
  process.kill(oss.pid(), 'SIGTERM')
  check('the development server stops cleanly', (await oss.closed) === 0)
}

try {
  await main()
} catch (error) {
  check(error.stack, false)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(work, { recursive: true, force: true })
  buildah('umount', container)
  buildah('rm', container)
}
console.log(failures.length === 0 ? 'the container is as it should be' : `${failures.length} failed`)
process.exitCode = failures.length === 0 ? 0 : 1
