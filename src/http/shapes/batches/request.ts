import { z } from 'zod'
import { globProblem } from '../../../core/glob.js'
import { bucketProblem, keyProblem, pathProblem } from '../../../core/object-key.js'
import type { BatchRequest } from '../../../engine/use-cases/batches.js'
import { ruled } from '../fields.js'
import { jobOptionFields } from '../jobs/options.js'
import { checkTimes } from '../jobs/request.js'
import { ownRequestFields } from './own-fields.js'

/** The body of POST /v1/batches may be so long, because a list of files may be. */
export const batchBodyLimitBytes = 16 * 1024 * 1024

const maxPatterns = 100
const maxPatternLength = 1024

const patternProblem = (pattern: string): string | null => {
  if (pattern.length > maxPatternLength) return `must have 1 to ${maxPatternLength} characters`
  return globProblem(pattern)
}

const prefixProblem = (prefix: string): string | null =>
  prefix === '' ? null : keyProblem(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)

const patterns = z.array(ruled(patternProblem)).max(maxPatterns)

const path = ruled(pathProblem)
const file = z.union([path, z.strictObject({ path, key: ruled(keyProblem).optional() })], {
  error: 'must be an absolute path, or an object of path and key',
})

/** These fields go with `dir` alone. */
const walkFields = ['include', 'exclude', 'followSymlinks'] as const

const sourceSchema = z
  .strictObject({
    dir: path.describe('Absolute path of a directory below the source roots; everything in it is included.').optional(),
    include: patterns
      .describe(
        'Globs against the path below `dir`: only files that match one are included. One without a slash matches names at any depth, `dir/` the directory and all below it; `*` stays within a directory, `**` does not. When nothing matches the batch fails with the problem `nothing_matched`.',
      )
      .optional(),
    exclude: patterns
      .describe('Globs: files that match are left out, directories that match with all that is in them.')
      .optional(),
    followSymlinks: z
      .boolean()
      .describe('Follow symbolic links, never out of the source roots and never in a circle; passed over by default.')
      .optional(),
    files: z
      .array(file)
      .min(1)
      .describe('Instead of `dir`: absolute paths. `key` is below the prefix; without one it is the name of the file.')
      .optional(),
  })
  .superRefine((source, context) => {
    if ((source.dir === undefined) === (source.files === undefined)) {
      context.addIssue({ code: 'custom', message: 'must have either dir or files' })
    }
    if (source.files === undefined) return
    for (const name of walkFields) {
      if (source[name] !== undefined) context.addIssue({ code: 'custom', path: [name], message: 'goes with dir only' })
    }
  })

const withSource = <T extends { source: z.infer<typeof sourceSchema> }>(request: T) => {
  const { dir, files, ...walk } = request.source
  // One of the two is there, because the refinement has refused everything else.
  return { ...request, source: files === undefined ? { dir: dir ?? '', ...walk } : { files } }
}

/** The body of POST /v1/batches. Its output is what the use case takes. */
export const batchRequestSchema = z
  .strictObject({
    source: sourceSchema,
    target: z.strictObject({
      bucket: ruled(bucketProblem),
      prefix: ruled(prefixProblem)
        .describe('What every key begins with; gets its missing slash. Empty by default.')
        .optional(),
    }),
    ...jobOptionFields,
    ...ownRequestFields,
  })
  .superRefine(checkTimes)
  .transform(withSource)
  .meta({
    description: 'A request to bring the files of a directory, or of a list, to a bucket.',
    examples: [
      {
        source: { dir: '/srv/in/out', include: ['**/*.mp4'], exclude: ['tmp'] },
        target: { bucket: 'media', prefix: 'out/' },
        ifExists: 'skipSame',
        labels: { run: '42' },
      },
      {
        source: { files: ['/srv/in/a.bin', { path: '/srv/in/b.bin', key: 'x/b.bin' }] },
        target: { bucket: 'media', prefix: 'out/' },
      },
    ],
  }) satisfies z.ZodType<BatchRequest>
