import { type Command, Option } from 'commander'
import { isSettled } from '../../core/job.js'
import type { OrphanScope, OrphanView, UploadName } from '../client/api.js'
import { ExitError, exitCodes } from '../client/exit-error.js'
import { type CommandContext, withDaemon } from '../command-context.js'
import { confirm } from '../confirm.js'
import type { CliIo } from '../console.js'
import { countValue } from '../options.js'
import { abortAnswerLine, orphanHeader, orphanLine } from '../text/orphan-text.js'

interface OrphansOptions extends OrphanScope {
  readonly limit: number
  readonly all?: true
  readonly abort?: true
  readonly force?: true
  readonly yes?: true
  readonly json?: true
}

const largestPage = 1000
/** Each abort costs a few requests to OSS, and the answer comes when the last one is done. */
const abortsPerRequest = 20

/** Returns the bucket and the payer, without the other options. */
const scopeOf = ({ bucket, payer }: OrphanScope): OrphanScope => ({
  ...(bucket === undefined ? {} : { bucket }),
  ...(payer === undefined ? {} : { payer }),
})

const collect = async ({ api, signal }: CommandContext, where: OrphanScope, limit: number) => {
  const items: OrphanView[] = []
  let cursor: string | null = null
  do {
    const page = await api.orphans(where, Math.min(limit - items.length, largestPage), cursor, signal)
    items.push(...page.items)
    cursor = page.nextCursor
  } while (cursor !== null && items.length < limit)
  return { items, nextCursor: cursor }
}

const list = async (context: CommandContext, { limit, all, json, ...scope }: OrphansOptions): Promise<void> => {
  const { console } = context
  const found = await collect(context, scopeOf(scope), all === true ? Number.POSITIVE_INFINITY : limit)
  if (json === true) {
    console.json(found)
    return
  }
  if (found.items.length > 0) console.line(orphanHeader)
  for (const orphan of found.items) console.line(orphanLine(orphan))
  if (found.items.length === 0) console.note('no open uploads')
  if (found.nextCursor !== null) console.note('there may be more: --limit N or --all')
}

/** Returns whether an upload may be removed, without first asking the daemon only to be refused. */
const isRemovable = ({ owner, jobState }: OrphanView, force: boolean): boolean =>
  owner === 'ours' ? jobState === null || isSettled(jobState) : force

const nameOf = ({ bucket, key, uploadId }: OrphanView): UploadName => ({ bucket, key, uploadId })

const abort = async (context: CommandContext, options: OrphansOptions, io: CliIo): Promise<void> => {
  const { api, console, signal } = context
  const { force = false, yes = false, json = false } = options
  const where = scopeOf(options)
  const { items } = await collect(context, where, Number.POSITIVE_INFINITY)
  const chosen = items.filter((orphan) => isRemovable(orphan, force))
  const rest = items.length - chosen.length
  if (chosen.length > 0 && !yes) {
    for (const line of [orphanHeader, ...chosen.map(orphanLine)]) console.note(line)
    const question = `Abort ${chosen.length === 1 ? 'this upload' : `these ${chosen.length} uploads`}?`
    if (!(await confirm(io, question, signal))) throw new ExitError(exitCodes.failed, 'nothing was aborted')
  }
  const { bucket: _, ...payer } = where
  const answers = []
  for (let start = 0; start < chosen.length; start += abortsPerRequest) {
    const uploads = chosen.slice(start, start + abortsPerRequest).map(nameOf)
    const done = await api.abortOrphans(uploads, { ...payer, force }, signal)
    answers.push(...done)
    if (!json) for (const answer of done) console.line(abortAnswerLine(answer))
  }
  if (json) console.json({ items: answers })
  if (rest > 0) console.note(`${rest} left alone: in use${force ? '' : ', or not ours (--force)'}`)
  if (answers.some(({ result }) => result === 'refused' || result === 'failed')) throw new ExitError(exitCodes.failed)
}

export const addOrphansCommand = (program: Command, io: CliIo): void => {
  program
    .command('orphans')
    .summary('list open multipart uploads in OSS, or abort them')
    .description(
      'Lists the multipart uploads that are open in OSS and says whose they are. With --abort those of settled jobs are ' +
        'removed, with --force also those that belong to no job of this daemon. Needs an admin token.',
    )
    .option('--bucket <name>', 'only this bucket; else every bucket that jobs were made for')
    .addOption(
      new Option('--payer <who>', 'who pays for the requests to a bucket whose owner does not').choices(['requester']),
    )
    .option('--limit <n>', 'how many at most', countValue, 100)
    .option('--all', 'all of them')
    .option('--abort', 'remove them; asks first')
    .option('--force', 'with --abort: possible and unknown ones too')
    .option('--yes', 'with --abort: do not ask')
    .option('--json', 'print {items, nextCursor}, or with --abort {items}')
    .action((options: OrphansOptions) =>
      withDaemon(io, (context) => (options.abort === true ? abort(context, options, io) : list(context, options))),
    )
}
