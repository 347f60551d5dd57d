import { randomUUID } from 'node:crypto'
import type { IfExists } from '../core/job.js'
import type { JobRequest } from './api.js'
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
  readonly common: Omit<JobRequest, 'source' | 'target'>
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
  if (!single && Object.hasOwn(labels, runLabel))
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
    labels: single ? labels : { ...labels, [runLabel]: runId },
  }
  return { sources, target, single, runId, label: `${runLabel}=${runId}`, common }
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
