import { randomUUID } from 'node:crypto'
import type { IfExists, OnSourceChange } from '../../core/job-options.js'
import type { BatchRequest, JobOptionsRequest, JobRequest } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { type LocalSource, lookAt } from './local-files.js'
import { keyBelow, type OssUrl, parseOssUrl } from './oss-url.js'

/** These are the options of `put`, as commander hands them over. */
export interface PutOptions {
  readonly wait?: true
  readonly label?: Record<string, string>
  readonly partSize?: number
  readonly parallel?: number
  readonly bandwidth?: string
  readonly multipartThreshold?: number
  readonly header?: Record<string, string>
  readonly priority?: number
  readonly sequential?: true
  readonly ifExists?: IfExists
  readonly notBefore?: string
  readonly notAfter?: string
  readonly onSourceChange?: OnSourceChange
  readonly deleteSource?: true
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  readonly followSymlinks?: true
  readonly dryRun?: true
  readonly json?: true
}

/** One `put` is about a file as a job, or about batches, which the daemon walks. */
export type Run = { readonly runId: string } & (
  | { readonly kind: 'job'; readonly request: JobRequest }
  | { readonly kind: 'batches'; readonly requests: readonly BatchRequest[]; readonly dryRun: boolean }
)

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

const commonOf = (options: PutOptions): JobOptionsRequest => {
  const { partSize, parallel, bandwidth, multipartThreshold, header, priority, sequential, ifExists } = options
  const { notBefore, notAfter, onSourceChange, deleteSource, label } = options
  return {
    ...(partSize === undefined ? {} : { partSize }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(multipartThreshold === undefined ? {} : { multipartThreshold }),
    ...(header === undefined ? {} : { headers: header }),
    ...(priority === undefined ? {} : { priority }),
    ...(sequential === undefined ? {} : { sequential }),
    ...(ifExists === undefined ? {} : { ifExists }),
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(onSourceChange === undefined ? {} : { onSourceChange }),
    ...(deleteSource === undefined ? {} : { deleteSource }),
    labels: label ?? {},
  }
}

/**
 * Returns one batch of all the files, and one of each directory. Next to other sources a directory keeps its name below
 * the prefix, as `cp` does it, so the tree of `put /srv/in/* oss://b/in/` looks like the one on disk.
 */
const batchesOf = (sources: readonly LocalSource[], target: OssUrl, options: PutOptions): BatchRequest[] => {
  const { include, exclude, followSymlinks, dryRun } = options
  const common = { ...commonOf(options), ...(dryRun === undefined ? {} : { dryRun }) }
  const walk = {
    ...(include === undefined ? {} : { include: [...include] }),
    ...(exclude === undefined ? {} : { exclude: [...exclude] }),
    ...(followSymlinks === undefined ? {} : { followSymlinks }),
  }
  const { bucket, key: asked } = target
  const files = sources.filter(({ kind }) => kind === 'file').map(({ path }) => path)
  const directories = sources.filter(({ kind }) => kind === 'directory')
  return [
    ...(files.length === 0 ? [] : [{ ...common, source: { files }, target: { bucket, prefix: asked } }]),
    ...directories.map(({ path, name }) => ({
      ...common,
      source: { dir: path, ...walk },
      target: { bucket, prefix: sources.length === 1 || name === '' ? asked : keyBelow(asked, name) },
    })),
  ]
}

/** Throws ExitError for arguments that make no sense and for paths that cannot be read. */
export const planRun = async (args: readonly string[], options: PutOptions): Promise<Run> => {
  const target = parseOssUrl(args.at(-1) ?? '')
  if (target === null || args.length < 2) {
    throw usage(
      'Name one or more paths, and where they go as the last argument: oss://bucket/key or oss://bucket/prefix/.',
    )
  }
  const sources: LocalSource[] = []
  for (const argument of args.slice(0, -1)) sources.push(await lookAt(argument))
  const { include, exclude, followSymlinks, dryRun } = options
  const walks = include ?? exclude ?? followSymlinks
  if (walks !== undefined && sources.every(({ kind }) => kind === 'file')) {
    throw usage('--include, --exclude and --follow-symlinks go with directories.')
  }
  const runId = randomUUID()
  const [first, ...others] = sources
  if (first?.kind !== 'file' || others.length > 0) {
    return { kind: 'batches', requests: batchesOf(sources, target, options), dryRun: dryRun === true, runId }
  }
  if (dryRun !== undefined) throw usage('--dry-run goes with a directory or several paths.')
  const { bucket, key: asked } = target
  const key = asked !== '' && !asked.endsWith('/') ? asked : keyBelow(asked, first.name)
  const request = { ...commonOf(options), source: { path: first.path }, target: { bucket, key } }
  return { kind: 'job', request, runId }
}
