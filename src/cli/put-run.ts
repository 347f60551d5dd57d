import { randomUUID } from 'node:crypto'
import type { IfExists, OnSourceChange } from '../core/job.js'
import type { BatchRequest, JobOptionsRequest } from './api.js'
import { ExitError, exitCodes } from './exit-error.js'
import { type LocalSource, listFiles, lookAt } from './local-files.js'
import { keyBelow, type OssUrl, parseOssUrl } from './oss-url.js'
import type { FileToSubmit } from './submit-files.js'
import { escapeText } from './terminal-text.js'

/** The options of `put`, as commander hands them over. */
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

/** What one `put` is about, resolved from its arguments. */
export interface Run {
  readonly sources: readonly LocalSource[]
  readonly target: OssUrl
  /** One file to one object; else every job carries `label`, by which the run is found again. */
  readonly single: boolean
  readonly runId: string
  readonly label: string
  readonly common: JobOptionsRequest
  /** One directory, which the daemon walks; null when files are handed over one by one. */
  readonly batch: BatchRequest | null
}

const runLabel = 'put'

const usage = (message: string): ExitError => new ExitError(exitCodes.usage, message)

/** Throws ExitError for arguments that make no sense and paths that cannot be read. */
export const planRun = async (args: readonly string[], options: PutOptions): Promise<Run> => {
  const target = parseOssUrl(args.at(-1) ?? '')
  if (target === null || args.length < 2) {
    throw usage(
      'Name one or more paths, and where they go as the last argument: oss://bucket/key or oss://bucket/prefix/.',
    )
  }
  const sources: LocalSource[] = []
  for (const argument of args.slice(0, -1)) sources.push(await lookAt(argument))
  const single = sources.length === 1 && sources[0]?.kind === 'file'
  const directory = sources.length === 1 && sources[0]?.kind === 'directory' ? sources[0].path : null
  const {
    label: labels = {},
    partSize,
    parallel,
    bandwidth,
    multipartThreshold,
    header,
    priority,
    sequential,
    ifExists,
  } = options
  const { notBefore, notAfter, onSourceChange, deleteSource, include, exclude, followSymlinks, dryRun } = options
  const walks = include ?? exclude ?? followSymlinks ?? dryRun
  if (directory === null && walks !== undefined) {
    throw usage('--include, --exclude, --follow-symlinks and --dry-run go with one directory.')
  }
  if (!single && directory === null && Object.hasOwn(labels, runLabel))
    throw usage(`The label ${runLabel} is given to the jobs by this command.`)
  const runId = randomUUID()
  const common = {
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
    labels: single || directory !== null ? labels : { ...labels, [runLabel]: runId },
  }
  const batch =
    directory === null
      ? null
      : {
          ...common,
          source: {
            dir: directory,
            ...(include === undefined ? {} : { include }),
            ...(exclude === undefined ? {} : { exclude }),
            ...(followSymlinks === undefined ? {} : { followSymlinks }),
          },
          target: { bucket: target.bucket, prefix: target.key },
          ...(dryRun === undefined ? {} : { dryRun }),
        }
  return { sources, target, single, runId, label: `${runLabel}=${runId}`, common, batch }
}

/** Each file with its object; two files that would become one object are a problem, and the first one wins. */
export async function* planFiles(run: Run, onProblem: (text: string) => void): AsyncGenerator<FileToSubmit> {
  const { bucket, key: place } = run.target
  const keys = new Set<string>()
  for await (const { path, relative } of listFiles(run.sources, onProblem)) {
    const key = run.single && place !== '' && !place.endsWith('/') ? place : keyBelow(place, relative)
    if (keys.has(key)) onProblem(`${escapeText(path)}: another file goes to oss://${escapeText(`${bucket}/${key}`)}`)
    else yield { path, bucket, key }
    keys.add(key)
  }
}
