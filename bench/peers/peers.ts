import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BenchContext } from '../bench-context.js'
import { bucket, keys } from '../daemon/bench-daemon.js'
import { type BigFile, partSize, type SmallFiles } from '../daemon/sources.js'
import { type Contender, mib } from '../report/measurement.js'
import { runAliOss } from './ali-oss.js'
import { rclone, rcloneEnv, rcloneFlags } from './rclone.js'
import { isInstalled, runTogether } from './shell-run.js'

export const aliOss = 'ali-oss'
export const curlFour = 'curl -T, 4 processes'

const gib = 1024 * mib
const awsEnv = {
  AWS_ACCESS_KEY_ID: keys.id,
  AWS_SECRET_ACCESS_KEY: keys.secret,
  AWS_DEFAULT_REGION: 'us-east-1',
  // The default of this setting adds a checksum in a trailer, which the sink does not read.
  AWS_REQUEST_CHECKSUM_CALCULATION: 'when_required',
}

/** Returns the peers that are not on this machine, and so are missing from the comparison. */
export const missingPeers = (): readonly string[] => ['curl', 'rclone', 'aws'].filter((name) => !isInstalled(name))

/** No goal is about these, and they would take most of the quick form's time. */
export const slowPeers: readonly string[] = ['aws']

interface CommandPeer {
  readonly name: string
  readonly program: string
  /** These commands run side by side. */
  commands(round: number): Promise<readonly (readonly string[])[]>
  readonly env?: Record<string, string>
}

/**
 * Returns the peers that are programs. Whole processes are timed, including their start, because that is how they are
 * used.
 */
const commandContenders = (
  { quick }: BenchContext,
  peers: readonly CommandPeer[],
  amount: (peer: CommandPeer) => { value: number; cpu: number },
) =>
  peers
    .filter(({ program }) => isInstalled(program) && !(quick && slowPeers.includes(program)))
    .map(
      (peer): Contender => ({
        name: peer.name,
        optional: true,
        async run(round) {
          const { seconds, cpuSeconds } = await runTogether(await peer.commands(round), peer.env)
          const per = amount(peer)
          return { value: per.value / seconds, cpu: (cpuSeconds * 1000) / per.cpu, peakRssMib: null }
        },
      }),
    )

/** Returns uploads of one big file. The value is in MiB/s, and cpu in ms per GiB. */
export const bigFilePeers = (context: BenchContext, file: BigFile): readonly Contender[] => {
  if (!context.withPeers) return []
  const { setup } = context
  const { endpoint, caFile } = setup
  const processes = 4
  const peers: readonly CommandPeer[] = [
    {
      name: curlFour,
      program: 'curl',
      commands: async (round) =>
        Array.from({ length: processes }, (_, index) => [
          'curl',
          '-fsS',
          ...(caFile === null ? [] : ['--cacert', caFile]),
          '-T',
          file.path,
          `${endpoint}/${bucket}/curl-${round}-${index}/big.bin`,
        ]),
    },
    {
      name: rclone,
      program: 'rclone',
      env: rcloneEnv(endpoint),
      commands: async (round) => [
        [
          ...['rclone', ...rcloneFlags, '--s3-upload-concurrency', '4', '--s3-chunk-size', '8Mi'],
          ...['copyto', file.path, `sink:${bucket}/rclone-${round}/big.bin`],
        ],
      ],
    },
    {
      name: 'aws s3 cp',
      program: 'aws',
      env: awsEnv,
      commands: async (round) => [
        ['aws', '--endpoint-url', endpoint, 's3', 'cp', '--quiet', file.path, `s3://${bucket}/aws-${round}/big.bin`],
      ],
    },
  ]
  return [
    {
      name: aliOss,
      optional: false,
      async run(round) {
        const files = [{ path: file.path, key: `ali-oss-${round}/big.bin` }]
        const report = await runAliOss(setup, { kind: 'multipart', parallel: 4, files })
        return {
          value: file.size / mib / report.seconds,
          cpu: (report.cpuSeconds * 1000 * gib) / file.size,
          peakRssMib: report.peakRssBytes / mib,
        }
      },
    },
    ...commandContenders(context, peers, ({ name }) => {
      const bytes = name === curlFour ? file.size * processes : file.size
      return { value: bytes / mib, cpu: bytes / gib }
    }),
  ]
}

/** Returns uploads of a directory of small files. The value is in files/s, and cpu in ms per file. */
export const smallFilePeers = (context: BenchContext, files: SmallFiles): readonly Contender[] => {
  if (!context.withPeers) return []
  const { setup } = context
  const { endpoint } = setup
  const { directory, names } = files
  const count = names.length
  const peers: readonly CommandPeer[] = [
    {
      name: 'curl -Z',
      program: 'curl',
      async commands(round) {
        const list = join(setup.workDir, 'curl.conf')
        const entries = names.map(
          (name) => `upload-file = "${join(directory, name)}"\nurl = "${endpoint}/${bucket}/curl-${round}/${name}"`,
        )
        await writeFile(list, entries.join('\n'))
        return [['curl', '-fsS', '--no-progress-meter', '--parallel', '--parallel-max', '16', '--config', list]]
      },
    },
    {
      name: rclone,
      program: 'rclone',
      env: rcloneEnv(endpoint),
      commands: async (round) => [
        ['rclone', ...rcloneFlags, '--transfers', '16', 'copy', directory, `sink:${bucket}/rclone-${round}/`],
      ],
    },
    {
      name: 'aws s3 cp --recursive',
      program: 'aws',
      env: awsEnv,
      commands: async (round) => [
        [
          ...['aws', '--endpoint-url', endpoint, 's3', 'cp', '--quiet', '--recursive'],
          ...[directory, `s3://${bucket}/aws-${round}/`],
        ],
      ],
    },
  ]
  return [
    {
      name: aliOss,
      optional: false,
      async run(round) {
        const report = await runAliOss(setup, {
          kind: 'put',
          parallel: 16,
          files: names.map((name) => ({ path: join(directory, name), key: `ali-oss-${round}/${name}` })),
        })
        return {
          value: count / report.seconds,
          cpu: (report.cpuSeconds * 1000) / count,
          peakRssMib: report.peakRssBytes / mib,
        }
      },
    },
    ...commandContenders(context, peers, () => ({ value: count, cpu: count })),
  ]
}

/** This says what the peers' parts look like beside Longshore's. */
export const peerParts = `parts of ${partSize / mib} MiB, 4 in flight; curl sends the file whole, once per process`
