import { type Command, Option } from 'commander'
import { ifExistsPolicies, sourceChangePolicies } from '../../core/job-options.js'
import { withDaemon } from '../command-context.js'
import type { CliIo } from '../console.js'
import {
  countValue,
  headerValue,
  instantValue,
  integerValue,
  labelValue,
  patternValue,
  rateValue,
  sizeValue,
} from '../options.js'
import { putBatches } from '../put/put-batches.js'
import { putJob } from '../put/put-job.js'
import { type PutOptions, planRun } from '../put/put-run.js'

export const addPutCommand = (program: Command, io: CliIo): void => {
  program
    .command('put')
    .summary('upload files or directories')
    .description(
      'Submits files to the daemon. One file goes to the key, or below the prefix when the target ends in /. ' +
        'A directory, or several files, become a batch, which the daemon walks and which goes on without this command. With ' +
        'several paths, each directory becomes a batch below the prefix and its own name, and all files become one more. ' +
        'Hidden files are included, symbolic links in a directory are not.',
    )
    .usage('[options] PATH... oss://bucket/key-or-prefix/')
    .argument('<path...>', 'files and directories, then the target')
    .option('--wait', 'wait until everything is settled, with progress')
    .option('--label <k=v>', 'label the jobs (repeatable)', labelValue)
    .option('--part-size <size>', 'preferred part size, like 8MiB', sizeValue)
    .option('--parallel <n>', 'parts in flight of one job', countValue)
    .option('--bandwidth <size>', 'the most that each job may send per second, like 20MiB', rateValue)
    .option('--multipart-threshold <size>', 'files of this size or more are sent in parts', sizeValue)
    .option('--header <header>', "'Name: value' for the object (repeatable)", headerValue)
    .option('--priority <n>', '-100..100, higher first', integerValue)
    .option('--sequential', 'send the parts strictly in order')
    .addOption(
      new Option('--if-exists <policy>', 'what to do when the object already exists').choices(ifExistsPolicies),
    )
    .option('--not-before <instant>', 'do not begin before then', instantValue)
    .option('--not-after <instant>', 'fail jobs that are not done by then', instantValue)
    .addOption(
      new Option('--on-source-change <policy>', 'what to do when a file changes meanwhile').choices(
        sourceChangePolicies,
      ),
    )
    .option('--delete-source', 'delete each file once its object is proven')
    .option(
      '--include <glob>',
      'in a directory: only files that match; without / at any depth (repeatable)',
      patternValue,
    )
    .option('--exclude <glob>', 'in a directory: leave out files and directories that match (repeatable)', patternValue)
    .option('--follow-symlinks', 'in a directory: follow symbolic links, never out of the source roots')
    .option('--dry-run', 'for a batch: send nothing, list what would be sent')
    .option('--json', 'print the job or the batches as JSON, one per line: as accepted, or with --wait as they go')
    .action((args: string[], options: PutOptions) =>
      withDaemon(io, async (context) => {
        const run = await planRun(args, options)
        const how = { wait: options.wait === true, json: options.json === true }
        if (run.kind === 'job') return putJob(run.request, run.runId, context, how)
        return putBatches(run.requests, context, { ...run, ...how })
      }),
    )
}
